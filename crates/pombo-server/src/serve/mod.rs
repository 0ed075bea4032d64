//! The listening side: connections in, requests to the router.
//!
//! Our own accept loop, because what we promise needs it: `TCP_NODELAY` (42 ms per event without), a backlog that holds a
//! thousand clients arriving together, an end for clients that stop reading, and bounds on headers before anybody is
//! authenticated. Source: `docs/decisions/0002-http-server.md`.

mod connection;
mod listener;
mod stall;
mod tls;

pub use connection::{Limits, serve};
pub use listener::bind;
pub use tls::{TlsError, acceptor};

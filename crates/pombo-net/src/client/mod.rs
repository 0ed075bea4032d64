//! The outbound HTTP client.
//!
//! One [`OutboundClient`] is one connection pool under one policy. How the policy is kept:
//!
//! 1. Only `http` and `https`. A host that is an address, however it is spelled, is judged before every hop.
//! 2. A name is resolved by our resolver, which hands out allowed addresses only; the connection is made to one of
//!    these, so a second, different answer of the name server is never used unchecked.
//! 3. Redirects are followed here, not in the library, and each hop goes through 1 and 2.
//! 4. System proxies are ignored; a proxy of the configuration is judged like a host. Pooled connections were checked when they were made.
//!
//! Start reading at [`OutboundClient`], then `redirect`.

mod config;
mod deadline;
mod download;
mod error;
mod hop;
mod http_client;
mod outbound_client;
mod redirect;
mod resolver;
mod response;
mod tls;

pub use config::{OutboundConfig, OutboundProxy};
pub use download::Download;
pub use error::OutboundError;
pub use outbound_client::OutboundClient;
pub use resolver::{HostResolver, SystemResolver};
pub use response::Response;
pub use tls::{install_crypto_provider, websocket_tls};

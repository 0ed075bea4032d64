//! The client against a real HTTP server on this machine. Nothing here leaves it.

#![expect(clippy::unwrap_used, reason = "the helpers are tests too")]

mod addresses;
mod bodies;
mod errors;
mod local_server;
mod names;
mod redirects;
mod requests;
mod throughput;

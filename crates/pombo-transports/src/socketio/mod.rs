//! The Socket.IO server: what clients of the original connect to.
//!
//! Engine.IO (sessions, long polling, upgrade, heartbeat) is the `engineioxide` crate. On top of it is our own small
//! Socket.IO layer, because namespaces here are instances that come and go, a client that falls behind must be noticed
//! exactly and disconnected so that it reconnects, and an event is encoded once for all its receivers
//! (`docs/decisions/0004-socketio-engine.md`).
//!
//! The way of a request: [`SocketIoLayer`] asks the `gate` (every refusal is answered there, in the reference's form),
//! then Engine.IO; packets arrive at the `server`, which joins clients to `rooms`. The way of an event:
//! [`SocketIoLive`] encodes it and hands it to the members of two rooms, the instance's and the root's.
//!
//! Not here: CORS (a layer of the HTTP server, for everything alike), and the write timeout of a client that stops
//! reading (the listener's).

mod access;
mod allowed_hosts;
mod binary;
mod bundle;
mod config;
mod connection;
mod encode;
mod gate;
mod join;
mod layer;
mod member;
mod packet;
mod query;
mod refusal;
mod rooms;
mod send_node;
mod server;
mod transport;

pub use allowed_hosts::{AllowedHosts, InvalidHost};
pub use config::{OriginCheck, SocketIoConfig};
pub use layer::{SocketIoLayer, SocketIoService};
pub use transport::{SocketIoLive, build};

/// Reads a packet as it comes from a client, for fuzzing from outside.
#[doc(hidden)]
pub fn fuzz_packet(text: &str) {
    packet::Packet::parse(text).ok();
}

//! Who is at the other end of the TCP connection.

use std::net::SocketAddr;

/// The real TCP peer of a request: the listener puts it into the request's extensions. Never taken from a header, which
/// anybody may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddress(pub SocketAddr);

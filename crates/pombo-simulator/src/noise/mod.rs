//! The server's half of the handshake, which the protocol crates lack, and the server's certificates.

pub(crate) mod certificate;
pub(crate) mod handshake;
#[cfg(test)]
mod tests;

pub(crate) use certificate::ServerIdentity;
pub(crate) use handshake::{Established, Handshake, HandshakeError, Step};

//! One WebSocket connection: bytes on one side, stanzas on the other.
//!
//! `socket` runs it, `intro` cuts off what precedes the frames, `outbox` is what waits to be written.

mod intro;
mod outbox;
mod socket;

use wacore_binary::Node;

#[cfg(any(test, feature = "fuzz"))]
pub(crate) use intro::Intro;
pub(crate) use outbox::{Outbox, Outgoing};
#[cfg(any(test, feature = "fuzz"))]
pub(crate) use socket::decode_stanza;
pub(crate) use socket::run;

use crate::network::Session;
use crate::stanza::pair_device::Registration;

/// What the network knows about an open connection.
pub(crate) struct Connection {
    pub(crate) outbox: std::sync::Arc<Outbox>,
    /// The client's static key.
    pub(crate) client_key: [u8; 32],
    pub(crate) role: Role,
}

/// What the client on a connection is.
pub(crate) enum Role {
    /// Not linked yet: it shows QR codes or an 8-character code.
    Registering(Box<Registration>),
    /// A linked device.
    Companion(Session),
    /// Refused; it will be closed.
    Refused,
}

/// Who is at the other end, as fault rules see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Peer {
    /// Digits; empty before the login.
    pub(crate) phone_number: String,
    /// The companion's number; 0 before the login.
    pub(crate) device: u16,
}

/// A stanza with `offline="1"`: it waited.
fn mark_offline(stanza: &Node) -> Node {
    let mut stanza = stanza.clone();
    if stanza.tag != "iq" {
        stanza.attrs.insert("offline", "1");
    }
    stanza
}

//! The connection's life: one client of the library at a time, from its first handshake to its end.
//!
//! Who owns what: the library runs one connection (`Client::run` with its own reconnecting switched off); [`life`] decides
//! whether and when there is another one, so that the rules for backing off, pacing and giving up are in one place. A client
//! holds its credentials through a [`lease`] that is taken back when the client ends: two clients never write to one store.

pub(crate) mod acks;
pub(crate) mod build;
pub(crate) mod ending;
mod hearing;
pub(crate) mod hook;
pub(crate) mod lease;
pub(crate) mod life;
pub(crate) mod linking;
pub(crate) mod pacing;
pub(crate) mod posts;
pub(crate) mod queue;
mod recovery;
pub(crate) mod status;

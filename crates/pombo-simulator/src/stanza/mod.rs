//! What the network answers: one file for each kind of request.
//!
//! [`router`] knows which file a stanza belongs to. A request (`iq`) is answered by a plain function
//! `fn answer(state: &mut State, from: &Session, iq: &Node) -> Answer`, which runs under the state's lock and never waits: what it
//! causes goes into devices' queues ([`State::deliver`](crate::network::State::deliver)), or is left for later
//! ([`State::later`](crate::network::State::later)). Stanzas that are no requests have functions of the same shape without a reply.

pub(crate) mod about;
pub(crate) mod ack;
pub(crate) mod answer;
pub(crate) mod app_state;
pub(crate) mod blocklist;
pub(crate) mod bots;
pub(crate) mod business;
pub(crate) mod call;
pub(crate) mod catalog;
pub(crate) mod chatstate;
pub(crate) mod companion;
pub(crate) mod devices;
pub(crate) mod dirty;
pub(crate) mod disappearing_mode;
pub(crate) mod encrypt;
pub(crate) mod group;
#[cfg(test)]
mod hostile;
pub(crate) mod ib;
pub(crate) mod link_code;
pub(crate) mod login;
pub(crate) mod media_conn;
pub(crate) mod message;
pub(crate) mod mex;
pub(crate) mod newsletter;
pub(crate) mod notification;
pub(crate) mod pair_device;
pub(crate) mod passive;
pub(crate) mod passkey;
pub(crate) mod ping;
pub(crate) mod presence;
pub(crate) mod privacy;
pub(crate) mod profile_picture;
pub(crate) mod props;
pub(crate) mod receipt;
pub(crate) mod router;
pub(crate) mod spam;
pub(crate) mod stats;
pub(crate) mod usync;

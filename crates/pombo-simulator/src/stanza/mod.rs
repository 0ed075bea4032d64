//! What the network answers: one file for each kind of request.
//!
//! [`router`] knows which file a stanza belongs to. A request (`iq`) is answered by a plain function
//! `fn answer(state: &mut State, from: &Session, iq: &Node) -> Answer`, which runs under the state's lock and never waits: what it
//! causes goes into devices' queues ([`State::deliver`](crate::network::State::deliver)), or is left for later
//! ([`State::later`](crate::network::State::later)). Stanzas that are no requests have functions of the same shape without a reply.

pub(crate) mod ack;
pub(crate) mod answer;
pub(crate) mod app_state;
pub(crate) mod call;
pub(crate) mod chatstate;
pub(crate) mod companion;
pub(crate) mod devices;
pub(crate) mod dirty;
pub(crate) mod encrypt;
pub(crate) mod ib;
pub(crate) mod link_code;
pub(crate) mod login;
pub(crate) mod media_conn;
pub(crate) mod message;
pub(crate) mod pair_device;
pub(crate) mod passive;
pub(crate) mod ping;
pub(crate) mod presence;
pub(crate) mod receipt;
pub(crate) mod router;
pub(crate) mod usync;

//! `<message>`: acknowledged, and fanned out to the devices that it is encrypted for.
//!
//! `plan` is who gets it, in each kind of chat, and what the network refuses; `envelope` is the stanza that a device gets; `handle`
//! brings the two together.

mod envelope;
mod handle;
mod plan;

pub(crate) use handle::{handle, refuse_status};

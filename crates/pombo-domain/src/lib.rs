//! The words of the field and the ports through which the outside world is reached.
//!
//! No I/O, no Tokio, nothing of ours below it. Everything else is an adapter that knows this vocabulary and never another
//! adapter. Start reading at [`event`] (what we tell the world) and [`port`] (who is asked to do things).
#![forbid(unsafe_code)]

pub mod channel;
pub mod chat;
pub mod clock;
pub mod community;
pub mod contact;
pub mod event;
pub mod filter;
pub mod group;
pub mod id;
pub mod instance;
pub mod jid;
pub mod label;
pub mod media;
pub mod message;
pub mod newsletter;
pub mod port;
pub mod profile;
pub mod proxy;
pub mod settings;
pub mod subscription;

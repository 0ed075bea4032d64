//! `WHATSAPP-BAILEYS` instances, over a simulated network with virtual phones.

mod account;
mod chat;
mod community;
mod group;
mod instance;
mod instance_faults;
mod instance_proxy;
mod instance_restart;
pub(crate) mod kit;
mod marks;
mod message;
mod missing;
mod newsletter;
mod passkey;
mod protocol;
mod relay;
mod send_again;

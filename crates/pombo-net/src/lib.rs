//! Outbound HTTP: the client, the addresses it may talk to, and when to try again.

pub mod policy;

pub use policy::{OutboundPolicy, Refused, UnknownPolicy};

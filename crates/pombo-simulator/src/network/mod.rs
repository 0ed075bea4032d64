//! What the network knows, and how it moves stanzas.
//!
//! [`Network`] is shared by all connections and phones; [`State`] is the data behind its one lock. Nothing here waits while the
//! lock is held: handlers push stanzas into queues, and leave other work to [`State::later`].
//!
//! Order of locks: a phone's own lock first, then the state's. Whoever holds the state's lock never takes a phone's.

pub(crate) mod account;
pub(crate) mod business;
pub(crate) mod clock;
pub(crate) mod delivery;
pub(crate) mod device;
pub(crate) mod group;
pub(crate) mod newsletter;
pub(crate) mod picture;
pub(crate) mod privacy;
pub(crate) mod queue;
pub(crate) mod random;
pub(crate) mod session;
pub(crate) mod settings;
pub(crate) mod shared;
pub(crate) mod state;
pub(crate) mod strict;

pub(crate) use account::{AccountId, Addressing};
pub(crate) use device::{Device, DeviceNumber};
pub(crate) use session::{ConnectionId, Session};
pub(crate) use shared::Network;
pub(crate) use state::State;

//! A phone's end-to-end encryption: Signal sessions with single devices, sender keys with groups.
//!
//! Everything lives in memory, so nothing here waits: the library's asynchronous functions finish at their first poll,
//! and a phone can be plain data behind a plain lock. Randomness comes from the phone's own seeded generator.
//!
//! What it does not know: accounts, stanzas, the network. A peer is a [`PeerAddress`], one per device, however the
//! device was addressed (by phone number or LID): a session belongs to a device, not to a spelling of its name.
//! `sessions` is all that; `store` holds the library's stores.

mod sessions;
mod store;

pub(crate) use sessions::{CipherKind, Ciphertext, PeerAddress, Signal, SignalError, key_bytes};

//! The channel's parts from outside.
#![expect(clippy::unwrap_used, reason = "a test that panics says enough")]

mod auth_state;
mod memory_auth;
mod semantics;

//! The store on all three databases.
#![expect(clippy::unwrap_used, reason = "a test that panics says enough")]
mod group;
mod kit;

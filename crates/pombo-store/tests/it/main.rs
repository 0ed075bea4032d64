//! The store on all three databases.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that panics says enough; one that is skipped says so"
)]

mod auth_state;
mod chat;
mod contact;
mod delivery;
mod event;
mod fault;
mod group;
mod instance;
mod isolation;
mod kit;
mod message;
mod open;
mod subscription;
mod whatsapp;

//! The simulator, seen by real clients: one module for each stanza family.

#![recursion_limit = "512"]

mod kit;

mod admin;
mod app_state;
mod call;
mod directory;
mod fan_out;
mod fault;
mod handshake;
mod keys;
mod media;
mod message;
mod offline;
mod pairing;
mod phone_duty;
mod phone_message;
mod phone_retry;
mod phone_secret;
mod presence;
mod receipt;
mod session;

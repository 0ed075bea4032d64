//! The simulator, seen by real clients: one module for each stanza family.

#![recursion_limit = "512"]

mod kit;

mod handshake;
mod message;
mod pairing;

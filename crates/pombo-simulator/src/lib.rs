//! A WhatsApp network in a box: the server side of WhatsApp Web's multi-device protocol, and virtual phones.
//!
//! A client that trusts [`Simulator::root_key`] and connects to [`Simulator::url`] meets a network that it cannot tell from the
//! real one: handshake, pairing, directory, end-to-end encrypted messages, groups, media. Nothing leaves the machine; only
//! loopback addresses are accepted.
//!
//! Where to start reading:
//!
//! | Module | What it is for |
//! | --- | --- |
//! | [`simulator`] | what tests and the command line hold in hand |
//! | `noise` | handshake: the server's half of Noise, and its certificates |
//! | `connection` | one WebSocket: frames, encryption, the outgoing queue |
//! | `stanza` | one file for each kind of request that the network answers |
//! | `network` | what the network knows: accounts, devices, groups, queues, the clock |
//! | `phone` | the virtual phone: device 0 of each account |
//! | [`media`], `admin` | HTTP beside the WebSocket: files, and remote control |
//! | [`fault`] | what goes wrong on purpose |
//! | [`account_settings`] | what a test may set about an account from outside |
//! | `fuzz` | whatever clients might send, for the fuzzer; with the feature `fuzz` only |
//! | `persist` | the file in which a network outlives its process |
//!
//! One `std` mutex guards the network's state; handlers are plain functions that run under it and never wait. What they cause
//! goes into the devices' queues, and into work that starts after the lock is free.

#![recursion_limit = "512"]

pub mod account_settings;
mod admin;
mod connection;
pub mod fault;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
pub mod media;
mod network;
mod node;
mod noise;
mod persist;
pub mod phone;
mod server;
pub mod simulator;
mod stanza;

pub use network::business::{
    Business, BusinessDay, BusinessProfile, Collection, Order, OrderItem, Product,
};
pub use network::clock::Clock;
pub use network::strict::Violation;
pub use persist::StateFileError;
pub use phone::VirtualPhone;
pub use simulator::{PairingError, Simulator, SimulatorBuilder, StartError};

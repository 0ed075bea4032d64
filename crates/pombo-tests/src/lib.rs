//! The test kit: a real server as a process of its own, a typed client for it, and a catcher for its webhooks.
//!
//! Start reading at [`server::Server`]. Everything waits for a condition with a deadline, never for a fixed time.
#![forbid(unsafe_code)]

pub mod catcher;
pub mod client;
pub mod parts;
pub mod server;
pub mod wait;
pub mod way;

pub use catcher::{Catcher, Caught};
pub use client::{Answer, Client};
pub use server::Server;
pub use wait::{DEADLINE, until};
pub use way::Way;

//! What is asked of the network, and what is told to it besides messages. One file per port.

mod calls;
mod catalog;
mod directory;
pub(crate) mod error;
mod profiles;

//! What is asked of the network, and what is told to it besides messages. One file per port.

mod calls;
mod catalog;
mod communities;
mod directory;
pub(crate) mod error;
pub(crate) mod groups;
mod memory;
mod mex;
mod newsletters;
pub(crate) mod posts;
mod profiles;
mod protocol;

//! Load generators for a server on this machine, and what measures it.
//!
//! The frames and requests are written by hand over plain TCP, so that the generator's own cost stays far below a server's:
//! both share the machine. Every load stops by itself. Start reading at [`socketio`] and [`http`]; the binary `bench-table`
//! puts them together.
#![forbid(unsafe_code)]

pub mod accounts;
pub mod arguments;
pub mod backlog;
pub mod chatter;
pub mod frames;
pub mod histogram;
pub mod http;
pub mod network;
pub mod server;
pub mod setup;
pub mod socketio;
pub mod table;
pub mod target;
pub mod template;
pub mod usage;
pub mod waiting;
pub mod whatsapp;

//! Channels over HTTP: the generic "evolution" channel; Meta's Cloud API comes later.
//!
//! Start reading at [`evolution`]. This crate does no I/O: what comes in is parsed, what goes out is shaped.
#![forbid(unsafe_code)]

pub mod evolution;

//! The rules over a real database, with receivers that the tests control.

#![allow(clippy::unwrap_used, unreachable_pub, reason = "a test may")]

mod delivery;
mod filters;
mod instances;
mod kit;
mod live;
mod pause;
mod replay;
mod whatsapp;

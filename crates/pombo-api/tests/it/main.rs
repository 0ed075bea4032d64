//! The routes over a real gateway with an in-memory database. Whole-program tests are in `pombo-tests`.
#![expect(clippy::unwrap_used, reason = "what tests share is test code too")]

mod access;
mod bodies;
mod events;
mod front;
mod instances;
mod kit;
mod messages;
mod reads;
mod websocket;

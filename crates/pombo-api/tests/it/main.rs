//! The routes over a real gateway with an in-memory database. Whole-program tests are in `pombo-tests`.
#![expect(clippy::unwrap_used, reason = "the helpers of tests are tests too")]

mod access;
mod bodies;
mod events;
mod front;
mod instances;
mod kit;
mod messages;
mod reads;
mod websocket;

//! The WhatsApp channel against a network in a box: what is sent is what phones show, and what phones do is what is told.
#![recursion_limit = "512"]

mod actions;
mod kit;
mod receive;
mod send;

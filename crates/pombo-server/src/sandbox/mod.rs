//! WhatsApp without a phone: the simulator as a program of its own, and together with the gateway.
//!
//! Only in a build with the feature `sandbox`. Such a build reaches no WhatsApp but a simulated one on this machine.

mod demo;
mod network;

pub use demo::serve_sandbox;
pub use network::{NetworkOptions, serve_network};

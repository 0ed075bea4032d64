//! The program: configuration, wiring, telemetry, shutdown.
//!
//! The only crate that reads the environment and that sees all the others. Start reading at [`wiring`].
#![forbid(unsafe_code)]

pub mod banner;
pub mod config;
pub mod metrics;
#[cfg(test)]
mod safety;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod serve;
pub mod shutdown;
pub mod telemetry;
pub mod wiring;

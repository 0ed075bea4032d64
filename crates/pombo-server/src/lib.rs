//! The program: configuration, wiring, telemetry, shutdown.

pub mod config;

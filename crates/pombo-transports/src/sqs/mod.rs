//! Amazon SQS, over signed HTTP: one message per event, in FIFO queues.
//!
//! Speaks the service's JSON protocol with two requests, `SendMessage` and `CreateQueue`;
//! `sigv4` signs them, so that no SDK with a TLS library of its own is needed. Queues are made when the first
//! message finds none. Not here: large messages through S3, and queues that are deleted again.

mod config;
mod names;
mod request;
mod sigv4;
#[cfg(test)]
mod tests;
mod transport;

pub use config::{GlobalQueues, SqsConfig};
pub use transport::SqsTransport;

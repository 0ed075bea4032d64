//! NATS: one message per event, on a subject of the instance or on one for everybody.
//!
//! Without JetStream a message reaches whoever listens at that moment, as in the original; success means that the
//! server has it. With JetStream the server keeps it in a stream and says so. When to try again is the business of
//! `pombo-core`.

mod config;
mod jetstream;
mod server;
mod subject;
#[cfg(test)]
mod tests;
mod transport;

pub use config::{InvalidUri, NatsConfig};
pub use transport::NatsTransport;

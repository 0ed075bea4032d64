//! RabbitMQ: one message per event, on an exchange of the instance or on one for everybody.
//!
//! [`RabbitmqTransport`] publishes once and waits for the broker's confirm; when to try again is the business of
//! `pombo-core`. Exchanges and queues are declared before their first message, as durable quorum queues; a queue that
//! exists otherwise is left as it is.

mod broker;
mod config;
mod names;
#[cfg(test)]
mod tests;
mod transport;

pub use config::{InvalidUri, RabbitmqConfig};
pub use transport::RabbitmqTransport;

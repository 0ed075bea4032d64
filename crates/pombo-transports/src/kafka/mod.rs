//! Kafka: one record per event, acknowledged by every replica that is in step.
//!
//! Topics are `{prefix}.{instance}.{event}`, keys the instance's name, so that an instance's events of one kind keep their
//! order. The client is `rskafka` (`docs/decisions/0005-kafka-client.md` says why): no idempotent producer, so that a record may
//! be there twice after a failure, with the same `id` header. Not here: reading.

mod client;
mod config;
mod names;
mod partitioner;
mod tls;
mod transport;

pub use config::{KafkaConfig, KafkaLogin, KafkaMechanism, KafkaSetupError, KafkaTls, NewTopics};
pub use transport::KafkaTransport;

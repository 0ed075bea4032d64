//! MQTT 5: one message per event on `{prefix}/{instance}/{event}`.
//!
//! Quality of service 1: the broker's PUBACK decides. `connection.update` is retained, so that whoever subscribes later
//! learns the state at once. When to try again is the business of `pombo-core`.

mod broker;
mod config;
#[cfg(test)]
mod tests;
mod topic;
mod transport;

pub use config::{MqttConfig, MqttConfigError};
pub use transport::MqttTransport;

//! The ways out for events: Socket.IO, the native WebSocket, the webhook, and the brokers.
//!
//! Each transport has a folder of its own with `mod`, `config`, `transport` and `tests`. The two live transports share
//! `replay`: how a client that comes back catches up with the log without a gap or a repetition. What is
//! *not* here: who wants which event (`pombo-core`), the retry of failed deliveries (`pombo-core`), and the HTTP listener
//! (`pombo-server`). Start reading at [`socketio`].
//!
//! Each broker client is heavy and has a cargo feature of its own; `link` keeps a broker's connection up.
#![forbid(unsafe_code)]

#[cfg(feature = "kafka")]
pub mod kafka;
#[cfg(any(feature = "rabbitmq", feature = "nats", feature = "mqtt"))]
mod link;
pub mod metrics;
#[cfg(feature = "mqtt")]
pub mod mqtt;
mod name;
#[cfg(feature = "nats")]
pub mod nats;
mod outbound;
pub mod pusher;
#[cfg(feature = "rabbitmq")]
pub mod rabbitmq;
mod replay;
pub mod socketio;
pub mod sqs;
pub mod webhook;
pub mod websocket;

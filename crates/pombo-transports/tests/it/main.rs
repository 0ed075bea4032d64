//! The crate from outside: a real HTTP server on 127.0.0.1, frames written by hand, fakes for keys and the log.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests may fail loudly, as tests may"
)]

mod allowed_hosts;
mod binary_events;
mod bundle;
mod engine_io;
mod events;
mod floods;
mod gate;
#[cfg(feature = "mqtt")]
mod mqtt;
mod namespaces;
#[cfg(feature = "nats")]
mod nats;
mod old_clients;
mod pusher;
#[cfg(feature = "rabbitmq")]
mod rabbitmq;
mod replay;
mod slow_clients;
mod socket_io;
mod sqs;
mod support;
mod webhook;
mod websocket;

//! Ways out to clients that are connected right now.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::event::Event;
use crate::instance::InstanceRef;

/// An event for live receivers.
#[derive(Debug, Clone)]
pub struct LiveEvent {
    /// The event.
    pub event: Arc<Event>,
    /// Its envelope, JSON text, without `id` and `seq`.
    pub envelope: Bytes,
    /// The instance's own receivers get it (its websocket subscription wants it).
    pub to_instance: bool,
    /// The receivers of everything get it (global mode).
    pub to_all: bool,
}

/// Shows events to connected clients. Called for one event after the other, in the order of the log.
#[async_trait]
pub trait LiveTransport: Send + Sync {
    /// The instance exists from now on: clients may join it at once. Called again for a known instance, it does nothing.
    fn instance_added(&self, instance: &InstanceRef);

    /// The instance is gone: its clients are told and disconnected. Events emitted before still reach them.
    async fn instance_removed(&self, instance: &InstanceRef);

    /// Clients whose key no longer opens this instance are disconnected from it (the token changed).
    async fn keys_changed(&self, instance: &InstanceRef);

    /// Shows one event. Never waits for a receiver: who cannot keep up is disconnected, not waited for.
    async fn emit(&self, event: &LiveEvent);

    /// Whether its clients are shown raw stanzas of calls as well: those of the original's Socket.IO are, nobody else's.
    fn shows_raw_nodes(&self) -> bool {
        false
    }

    /// Says goodbye to everybody. Bounded in time.
    async fn close(&self);

    /// How many clients are connected, for the metrics.
    fn clients(&self) -> usize;
}

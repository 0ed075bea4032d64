//! What we promise the world: events, in the original's names and JSON.
//!
//! An event is born in `pombo-core`, gets its place in the log (`seq`) from the store, and leaves in an [`envelope`].

pub mod envelope;
mod kind;
pub mod plain;

pub use kind::EventKind;

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde_json::value::RawValue;

use crate::clock::Timestamp;
use crate::id::EventId;
use crate::instance::InstanceRef;

/// Place of an event in the log; grows, never reused.
pub type Seq = i64;

/// An event that is to be written to the log.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// The idempotency key that the outside sees.
    pub id: EventId,
    /// Whose event.
    pub instance: InstanceRef,
    /// What happened.
    pub kind: EventKind,
    /// When it happened.
    pub at: Timestamp,
    /// The account's own JID, once known.
    pub sender: Option<String>,
    /// The `data` member of the envelope.
    pub data: Box<RawValue>,
}

/// An event with its place in the log. Shared, so that it is encoded once however many receive it.
#[derive(Debug)]
pub struct Event {
    /// Place in the log; `None` for volatile events, which are not logged.
    pub seq: Option<Seq>,
    /// What was logged.
    pub event: NewEvent,
    encoded: OnceLock<Bytes>,
}

impl Event {
    /// A logged event.
    #[must_use]
    pub fn logged(seq: Seq, event: NewEvent) -> Arc<Self> {
        Arc::new(Self {
            seq: Some(seq),
            event,
            encoded: OnceLock::new(),
        })
    }

    /// A volatile event: live receivers only.
    #[must_use]
    pub fn volatile(event: NewEvent) -> Arc<Self> {
        Arc::new(Self {
            seq: None,
            event,
            encoded: OnceLock::new(),
        })
    }

    /// The envelope as JSON text, made by `encode` the first time only.
    pub fn envelope(&self, encode: impl FnOnce(&NewEvent) -> Bytes) -> Bytes {
        self.encoded.get_or_init(|| encode(&self.event)).clone()
    }
}

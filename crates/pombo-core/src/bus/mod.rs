//! The event log in motion: from the commit to everybody who asked.
//!
//! The store calls the [`Bus`] with what it committed, in the order of the log. `live` shows it to connected clients, a
//! [`DurableSink`] per transport delivers it until it has arrived, `history` and `lookup` read it again, `replay` delivers
//! it again, `retention` prunes it. Nothing here ever makes the store wait.

mod attempt;
mod book;
pub(crate) mod durable;
mod history;
mod lane;
mod leave_behind;
mod live;
mod lookup;
mod replay;
mod retention;
mod retry;
mod sinks;
mod tail;
mod work;

pub use durable::{DurableSink, SinkCounters};
pub use lookup::LoggedEvents;
pub use replay::{Replay, ReplayError, Replayed};
pub use tail::Bus;

pub(crate) use history::History;
pub(crate) use live::{follow as follow_live, show};
pub(crate) use retention::{Retention, keep as keep_retention, prune};
pub(crate) use sinks::Sinks;

use pombo_domain::clock::Timestamp;
use pombo_domain::event::{EventKind, NewEvent};
use pombo_domain::id::EventId;
use pombo_domain::instance::Instance;
use serde::Serialize;
use serde_json::value::RawValue;

/// An event of this instance, ready for the log.
pub(crate) fn new_event(
    instance: &Instance,
    kind: EventKind,
    at: Timestamp,
    data: &impl Serialize,
) -> NewEvent {
    let text = serde_json::to_string(data).expect("our own payloads always encode");
    NewEvent {
        id: EventId::new(at),
        instance: instance.reference(),
        kind,
        at,
        sender: instance.owner_jid.clone(),
        data: RawValue::from_string(text).expect("encoded JSON is JSON"),
    }
}

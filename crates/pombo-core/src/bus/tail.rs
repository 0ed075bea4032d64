//! The newest events in memory.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use pombo_domain::event::envelope::{self, EnvelopeStyle};
use pombo_domain::event::{Event, EventKind, NewEvent, Seq};
use pombo_domain::instance::ChannelKind;
use pombo_domain::subscription::{Payload, Subscription};
use serde_json::Value;
use tokio::sync::watch;

use crate::instance::Registry;

/// How many events stay in memory.
const RING_EVENTS: usize = 4096;
/// How many bytes of payload stay in memory, whichever bound is met first.
const RING_BYTES: usize = 8 * 1024 * 1024;

/// What a follower finds after its place.
pub(crate) enum Newer {
    /// The next events, oldest first; empty when there is nothing newer.
    Events(Vec<Arc<Event>>),
    /// The ring has moved on: read the table.
    Behind,
}

#[derive(Default)]
struct Ring {
    events: VecDeque<Arc<Event>>,
    bytes: usize,
    /// Events up to here may be missing from the ring.
    forgotten: Seq,
}

/// The log's newest end: a bounded ring, and a bell that rings when it grows.
pub struct Bus {
    ring: Mutex<Ring>,
    head: watch::Sender<Seq>,
    live: watch::Sender<Seq>,
    committed: AtomicU64,
    seen: AtomicI64,
    style: EnvelopeStyle,
    expose_token: bool,
    registry: Arc<Registry>,
}

impl Bus {
    pub(crate) fn new(
        head: Seq,
        style: EnvelopeStyle,
        expose_token: bool,
        registry: Arc<Registry>,
    ) -> Arc<Self> {
        Arc::new(Self {
            ring: Mutex::new(Ring {
                forgotten: head,
                ..Ring::default()
            }),
            head: watch::Sender::new(head),
            live: watch::Sender::new(head),
            committed: AtomicU64::new(0),
            seen: AtomicI64::new(head),
            style,
            expose_token,
            registry,
        })
    }

    /// Takes what was committed, in order. Called by the store's writer; never waits.
    pub(crate) fn committed(&self, events: &[Arc<Event>]) {
        let Some(last) = events.last().and_then(|event| event.seq) else {
            return;
        };
        let first = events.first().and_then(|event| event.seq).unwrap_or(last);
        {
            let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
            if first > self.head() + 1 {
                // Places have no gaps, so a commit happened that nobody told us of: the connection to the database was lost
                // while it committed, or another server wrote. Followers read the table across the gap.
                ring.events.clear();
                ring.bytes = 0;
                ring.forgotten = first - 1;
            }
            for event in events {
                ring.bytes += size(event);
                ring.events.push_back(Arc::clone(event));
            }
            while ring.events.len() > RING_EVENTS || ring.bytes > RING_BYTES {
                let Some(oldest) = ring.events.pop_front() else {
                    break;
                };
                ring.bytes -= size(&oldest);
                ring.forgotten = oldest.seq.unwrap_or(ring.forgotten);
            }
        }
        self.committed
            .fetch_add(events.len() as u64, Ordering::Relaxed);
        self.seen.store(last, Ordering::Release);
        self.head.send_replace(last);
    }

    /// The newest place in the log.
    #[must_use]
    pub fn head(&self) -> Seq {
        self.seen.load(Ordering::Acquire)
    }

    /// How many events were committed since the start.
    #[must_use]
    pub fn committed_total(&self) -> u64 {
        self.committed.load(Ordering::Relaxed)
    }

    /// Rings when the log grows.
    pub(crate) fn bell(&self) -> watch::Receiver<Seq> {
        self.head.subscribe()
    }

    /// The events after `place`, at most `limit`.
    pub(crate) fn newer(&self, place: Seq, limit: usize) -> Newer {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        if place < ring.forgotten {
            return Newer::Behind;
        }
        let first = ring
            .events
            .partition_point(|event| event.seq.is_some_and(|seq| seq <= place));
        Newer::Events(
            ring.events
                .iter()
                .skip(first)
                .take(limit)
                .cloned()
                .collect(),
        )
    }

    /// The event's envelope, encoded once; without the file that a webhook asked for.
    pub(crate) fn envelope(&self, event: &Event) -> Bytes {
        event.envelope(|event| self.encode(&self.without_file(event)))
    }

    /// The envelope in the shape that a receiver asked for.
    pub(crate) fn envelope_for(&self, event: &Event, receiver: &Subscription) -> Bytes {
        let files = receiver.wants_files();
        match receiver.payload() {
            Payload::V1 if files => self.encode(&event.event),
            Payload::V1 => self.envelope(event),
            Payload::V2 => {
                let shown = if files {
                    Cow::Borrowed(&event.event)
                } else {
                    self.without_file(&event.event)
                };
                let plain = self.encode(&envelope::in_plain(&shown));
                match event.seq {
                    Some(seq) => envelope::with_place(&plain, &event.event, seq),
                    None => plain,
                }
            }
        }
    }

    /// The event without the file that it carries for a webhook. What came with a file over the HTTP channel keeps it: there it is
    /// the message itself.
    fn without_file<'a>(&self, event: &'a NewEvent) -> Cow<'a, NewEvent> {
        let told = matches!(
            event.kind,
            EventKind::MessagesUpsert | EventKind::SendMessage
        );
        if !told || !event.data.get().contains("\"base64\":") {
            return Cow::Borrowed(event);
        }
        let entry = self.registry.by_id(&event.instance.id);
        if entry.is_some_and(|entry| entry.state().instance.channel != ChannelKind::Whatsapp) {
            return Cow::Borrowed(event);
        }
        let without = serde_json::from_str::<Value>(event.data.get())
            .ok()
            .and_then(|mut data| {
                data.get_mut("message")?
                    .as_object_mut()?
                    .shift_remove("base64")?;
                serde_json::value::to_raw_value(&data).ok()
            });
        match without {
            Some(data) => Cow::Owned(NewEvent {
                data,
                ..event.clone()
            }),
            None => Cow::Borrowed(event),
        }
    }

    fn encode(&self, event: &NewEvent) -> Bytes {
        if !self.expose_token {
            return self.style.encode(event, None);
        }
        let entry = self.registry.by_id(&event.instance.id);
        let state = entry.map(|entry| entry.state());
        let token = state
            .as_ref()
            .map_or("Apikey not found", |state| state.instance.token.as_str());
        self.style.encode(event, Some(token))
    }

    /// Connected clients have been shown everything up to here.
    pub(crate) fn live_is_at(&self, place: Seq) {
        self.live.send_replace(place);
    }

    /// Waits until connected clients were shown everything up to `place`, but not longer than `limit`.
    pub(crate) async fn live_reached(&self, place: Seq, limit: Duration) {
        let mut live = self.live.subscribe();
        let reached = live.wait_for(|at| *at >= place);
        if tokio::time::timeout(limit, reached).await.is_err() {
            tracing::warn!("connected clients were not shown event {place} in time");
        }
    }
}

fn size(event: &Event) -> usize {
    // The text, its envelope, and what the structures themselves take.
    2 * event.event.data.get().len() + 512
}

#[cfg(test)]
mod tests {
    use super::*;
    use pombo_domain::clock::Timestamp;
    use pombo_domain::event::EventKind;
    use pombo_domain::id::EventId;
    use pombo_domain::instance::{InstanceName, InstanceRef};
    use serde_json::value::RawValue;

    fn event(seq: Seq, data: String) -> Arc<Event> {
        let event = NewEvent {
            id: EventId::new(Timestamp::default()),
            instance: InstanceRef {
                id: "i".into(),
                name: InstanceName::new("a").unwrap(),
            },
            kind: EventKind::Call,
            at: Timestamp::default(),
            sender: None,
            data: RawValue::from_string(data).unwrap(),
        };
        Event::logged(seq, event)
    }

    fn bus() -> Arc<Bus> {
        Bus::new(0, EnvelopeStyle::default(), false, Arc::default())
    }

    fn places(newer: Newer) -> Option<Vec<Seq>> {
        match newer {
            Newer::Events(events) => Some(events.iter().filter_map(|event| event.seq).collect()),
            Newer::Behind => None,
        }
    }

    #[test]
    fn followers_find_what_is_newer() {
        let bus = bus();
        bus.committed(&[event(1, "1".into()), event(2, "1".into())]);
        assert_eq!(places(bus.newer(0, 10)), Some(vec![1, 2]));
        assert_eq!(places(bus.newer(1, 10)), Some(vec![2]));
        assert_eq!(places(bus.newer(0, 1)), Some(vec![1]));
        assert_eq!(bus.head(), 2);
    }

    #[test]
    fn a_gap_sends_followers_to_the_table() {
        let bus = bus();
        bus.committed(&[event(1, "1".into())]);
        bus.committed(&[event(4, "1".into())]);
        assert_eq!(places(bus.newer(1, 10)), None);
        assert_eq!(places(bus.newer(3, 10)), Some(vec![4]));
    }

    #[test]
    fn the_ring_is_bounded_in_events_and_in_bytes() {
        let bus = bus();
        for seq in 1..=i64::try_from(RING_EVENTS).unwrap() + 1 {
            bus.committed(&[event(seq, "1".into())]);
        }
        assert_eq!(places(bus.newer(0, 1)), None);
        assert_eq!(places(bus.newer(1, 1)), Some(vec![2]));
        let next = bus.head() + 1;
        bus.committed(&[event(next, format!("\"{}\"", "x".repeat(RING_BYTES)))]);
        assert_eq!(places(bus.newer(next - 1, 10)), None);
    }
}

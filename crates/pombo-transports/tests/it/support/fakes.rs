use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use pombo_domain::channel::ChannelError;
use pombo_domain::clock::Timestamp;
use pombo_domain::event::envelope::EnvelopeStyle;
use pombo_domain::event::{Event, EventKind, NewEvent, Seq};
use pombo_domain::id::{EventId, InstanceId};
use pombo_domain::instance::{ChannelKind, InstanceName, InstanceRef};
use pombo_domain::port::{Access, ApiKeys, EventHistory, HistoryError, HistoryPage, NodeSender};
use serde_json::Value;
use serde_json::value::RawValue;

pub(crate) const GLOBAL_KEY: &str = "the-global-key";

#[derive(Default)]
pub(crate) struct Keys(Mutex<Vec<(InstanceRef, String)>>);

impl Keys {
    pub(crate) fn add(&self, name: &str, token: &str) -> InstanceRef {
        let instance = InstanceRef {
            id: InstanceId::random(),
            name: InstanceName::new(name).unwrap(),
        };
        self.0
            .lock()
            .unwrap()
            .push((instance.clone(), token.to_owned()));
        instance
    }

    pub(crate) fn remove(&self, instance: &InstanceRef) {
        self.0
            .lock()
            .unwrap()
            .retain(|(known, _)| known != instance);
    }

    pub(crate) fn change(&self, instance: &InstanceRef, token: &str) {
        for (known, old) in self.0.lock().unwrap().iter_mut() {
            if known == instance {
                token.clone_into(old);
            }
        }
    }
}

impl ApiKeys for Keys {
    fn access(&self, key: &str) -> Option<Access> {
        if key == GLOBAL_KEY {
            return Some(Access::Global);
        }
        let all = self.0.lock().unwrap();
        let ids: Vec<_> = all
            .iter()
            .filter(|(_, token)| token == key)
            .map(|(instance, _)| instance.id.clone())
            .collect();
        (!ids.is_empty()).then_some(Access::Instances(ids))
    }

    fn find(&self, name: &str) -> Option<InstanceRef> {
        self.0
            .lock()
            .unwrap()
            .iter()
            .map(|(instance, _)| instance)
            .find(|instance| instance.name.as_str() == name)
            .cloned()
    }
}

#[derive(Default)]
pub(crate) struct Log {
    events: Mutex<Vec<(Arc<Event>, Bytes)>>,
    head: AtomicI64,
    pruned: AtomicI64,
    pub(crate) broken: AtomicBool,
    pub(crate) reads: AtomicUsize,
}

impl Log {
    pub(crate) fn append(
        &self,
        instance: &InstanceRef,
        kind: EventKind,
        data: &str,
    ) -> (Arc<Event>, Bytes) {
        let mut events = self.events.lock().unwrap();
        let seq = self.head.load(Ordering::SeqCst) + 1;
        let event = Event::logged(seq, event(instance, kind, data));
        let envelope = EnvelopeStyle::default().encode(&event.event, None);
        events.push((event.clone(), envelope.clone()));
        self.head.store(seq, Ordering::SeqCst);
        (event, envelope)
    }

    /// Forgets everything up to `seq`.
    pub(crate) fn prune(&self, seq: Seq) {
        self.pruned.store(seq, Ordering::SeqCst);
        self.events
            .lock()
            .unwrap()
            .retain(|(event, _)| event.seq > Some(seq));
    }
}

#[async_trait]
impl EventHistory for Log {
    async fn after(
        &self,
        instance: Option<&InstanceId>,
        after: Seq,
        limit: usize,
    ) -> Result<HistoryPage, HistoryError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        if self.broken.load(Ordering::SeqCst) {
            return Err(HistoryError);
        }
        let head = self.head.load(Ordering::SeqCst);
        let events = self.events.lock().unwrap();
        let looked_at: Vec<_> = events
            .iter()
            .filter(|(event, _)| event.seq > Some(after))
            .take(limit)
            .cloned()
            .collect();
        let through = looked_at
            .last()
            .and_then(|(event, _)| event.seq)
            .unwrap_or(after);
        let wanted = |event: &Event| instance.is_none_or(|id| *id == event.event.instance.id);
        Ok(HistoryPage {
            events: looked_at
                .into_iter()
                .filter(|(event, _)| wanted(event))
                .collect(),
            through,
            head,
            complete: after >= self.pruned.load(Ordering::SeqCst),
        })
    }

    fn head(&self) -> Seq {
        self.head.load(Ordering::SeqCst)
    }
}

/// Keeps the nodes that it was given, once it has been told to.
#[derive(Default)]
pub(crate) struct Nodes {
    pub(crate) works: AtomicBool,
    pub(crate) sent: Mutex<Vec<(InstanceId, Value)>>,
}

#[async_trait]
impl NodeSender for Nodes {
    async fn send_node(&self, instance: &InstanceId, node: &Value) -> Result<(), ChannelError> {
        tokio::task::yield_now().await;
        if !self.works.load(Ordering::SeqCst) {
            return Err(ChannelError::NotAvailable(ChannelKind::Evolution));
        }
        self.sent
            .lock()
            .unwrap()
            .push((instance.clone(), node.clone()));
        Ok(())
    }
}

pub(crate) fn event(instance: &InstanceRef, kind: EventKind, data: &str) -> NewEvent {
    let at = Timestamp::from_millis(1_795_393_206_750);
    NewEvent {
        id: EventId::new(at),
        instance: instance.clone(),
        kind,
        at,
        sender: None,
        data: RawValue::from_string(data.to_owned()).unwrap(),
    }
}

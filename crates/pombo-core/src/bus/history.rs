//! Reads the log again for receivers that come back.

use std::sync::Arc;

use async_trait::async_trait;
use pombo_domain::event::{Event, Seq};
use pombo_domain::id::InstanceId;
use pombo_domain::port::{EventHistory, HistoryError, HistoryPage};
use pombo_domain::subscription::TransportKind;
use pombo_store::{Db, StoreError, event};
use tracing::warn;

use super::tail::{Bus, Newer};
use crate::instance::Registry;

/// The log: its newest end from memory, the rest from the table.
pub(crate) struct History {
    pub(crate) bus: Arc<Bus>,
    pub(crate) store: Db,
    pub(crate) registry: Arc<Registry>,
    pub(crate) global: bool,
}

impl History {
    async fn read(
        &self,
        instance: Option<&InstanceId>,
        after: Seq,
        limit: usize,
    ) -> Result<Read, StoreError> {
        if let Newer::Events(events) = self.bus.newer(after, limit) {
            return Ok(Read {
                events,
                complete: true,
            });
        }
        let pruned = event::pruned_through(&self.store).await?;
        let events = event::after(
            &self.store,
            instance,
            after,
            u32::try_from(limit).unwrap_or(u32::MAX),
        )
        .await?;
        Ok(Read {
            events,
            complete: after >= pruned,
        })
    }

    fn wants(&self, instance: Option<&InstanceId>, event: &Event) -> bool {
        match instance {
            None => self.global,
            Some(id) => {
                *id == event.event.instance.id
                    && self.registry.by_id(id).is_some_and(|entry| {
                        let state = entry.state();
                        let websocket = state.subscriptions.get(&TransportKind::Websocket);
                        websocket.is_some_and(|subscription| subscription.wants_event(&event.event))
                    })
            }
        }
    }
}

struct Read {
    events: Vec<Arc<Event>>,
    complete: bool,
}

#[async_trait]
impl EventHistory for History {
    async fn after(
        &self,
        instance: Option<&InstanceId>,
        after: Seq,
        limit: usize,
    ) -> Result<HistoryPage, HistoryError> {
        let head = self.bus.head();
        let limit = limit.max(1);
        let read = self.read(instance, after, limit).await.map_err(|error| {
            warn!("cannot read the event log: {error}");
            HistoryError
        })?;
        let full = read.events.len() >= limit;
        let last = read.events.last().and_then(|event| event.seq);
        // A page that is not full reached the head, whoever the events in between were for.
        let through = if full {
            last.unwrap_or(after)
        } else {
            last.unwrap_or(after).max(head).max(after)
        };
        let events = read
            .events
            .into_iter()
            .filter(|event| self.wants(instance, event))
            .map(|event| {
                let envelope = self.bus.envelope(&event);
                (event, envelope)
            })
            .collect();
        Ok(HistoryPage {
            events,
            through,
            head: head.max(last.unwrap_or(head)),
            complete: read.complete,
        })
    }

    fn head(&self) -> Seq {
        self.bus.head()
    }
}

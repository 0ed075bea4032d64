//! Lines that are too late: the log may not keep what they have not taken.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use pombo_domain::event::{Event, Seq};
use pombo_domain::subscription::Subscription;
use pombo_store::delivery::{Failure, NewDelivery};
use pombo_store::{StoreError, cursor, delivery, event};
use tracing::error;

use super::durable::DurableSink;
use super::lane::Lane;

const BATCH: u32 = 256;
const TOO_OLD: &str = "older than the log may keep";

impl DurableSink {
    /// Moves lines that are still before `place` past it, burying what they wanted. Never silent.
    pub(crate) async fn leave_behind(self: &Arc<Self>, place: Seq) -> Result<(), StoreError> {
        let late: Vec<_> = self
            .lanes()
            .values()
            .filter(|lane| lane.idle_position().is_none() && lane.cursor() < place)
            .cloned()
            .collect();
        for lane in late {
            let mut buried = 0u64;
            while lane.cursor() < place {
                let events =
                    event::after(&self.store, lane.line.as_ref(), lane.cursor(), BATCH).await?;
                let events: Vec<_> = events
                    .into_iter()
                    .filter(|event| event.seq.is_some_and(|seq| seq <= place))
                    .collect();
                if events.is_empty() {
                    break;
                }
                let through = events.last().and_then(|event| event.seq).unwrap_or(place);
                let subscription = lane.subscription();
                let lost: Vec<_> = events
                    .iter()
                    .filter(|event| subscription.wants_event(&event.event))
                    .cloned()
                    .collect();
                buried += lost.len() as u64;
                self.bury_unsent(&lane, &subscription, lost, through)
                    .await?;
                lane.settle(through);
            }
            lane.settle(place);
            self.counters.dead.fetch_add(buried, Ordering::Relaxed);
            error!(
                transport = self.name,
                "{buried} events were older than the log may keep and were given up before they could be delivered"
            );
        }
        Ok(())
    }

    async fn bury_unsent(
        &self,
        lane: &Lane,
        subscription: &Subscription,
        lost: Vec<Arc<Event>>,
        through: Seq,
    ) -> Result<(), StoreError> {
        let (sink, now, line) = (self.name, self.clock.now(), lane.line.clone());
        let target = subscription.id.clone();
        let lost = Arc::new(lost);
        let failure = Arc::new(Failure {
            attempt: 0,
            status: None,
            error: TOO_OLD.to_owned(),
            latency: None,
        });
        self.store
            .write(move |tx| {
                let (line, target, lost) = (line.clone(), target.clone(), Arc::clone(&lost));
                let failure = Arc::clone(&failure);
                Box::pin(async move {
                    for event in &*lost {
                        let parked = NewDelivery {
                            sink: sink.to_owned(),
                            instance_id: line.clone(),
                            event_seq: event.seq.unwrap_or(through),
                            event_id: Some(event.event.id.clone()),
                            event_kind: Some(event.event.kind),
                            subscription: target.clone(),
                            attempt: 0,
                            next_at: now,
                            status: None,
                            error: TOO_OLD.to_owned(),
                            latency: None,
                            created_at: Some(now),
                        };
                        let id = delivery::park(tx, &parked).await?;
                        delivery::bury(tx, id, &failure).await?;
                    }
                    cursor::set(tx, sink, line.as_ref(), through).await
                })
            })
            .await
    }
}

//! Delivers again what somebody asks for: dead letters, or a stretch of the log.

use std::sync::Arc;

use pombo_domain::event::{Event, Seq};
use pombo_domain::subscription::{Subscription, TransportKind};
use pombo_store::delivery::{Chosen, NewDelivery};
use pombo_store::event::Stretch;
use pombo_store::{StoreError, delivery, event};

use super::book::Line;
use super::durable::DurableSink;
use crate::gateway::Gateway;
use crate::instance::Entry;

const BATCH: u32 = 500;
/// Events looked at for one call, so that it ends in time; the caller asks again for the rest.
const MOST: usize = 50_000;

/// What is to be delivered again.
#[derive(Debug, Clone)]
pub enum Replay {
    /// Parked deliveries.
    Parked(Chosen),
    /// Logged events, with the ids they had.
    Logged(Stretch),
}

/// What was queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replayed {
    /// How many deliveries.
    pub queued: u64,
    /// Of a stretch of the log: where to go on, when it was too much for one call.
    pub more_after: Option<Seq>,
}

/// Why nothing was queued.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// Nothing is stored for this instance and transport.
    #[error("there is no subscription")]
    NoSubscription,
    /// The subscription is switched off; its deliveries would be given up at once.
    #[error("the subscription is switched off")]
    SubscriptionOff,
    /// The transport is switched off on this server.
    #[error("the transport is switched off on this server")]
    TransportOff,
    /// The database did not take it.
    #[error("storing the deliveries failed")]
    Store(#[from] StoreError),
}

impl Gateway {
    /// Queues deliveries again, beside the instance's line and in the order of the log. They are made at once, or when the
    /// line is resumed.
    ///
    /// # Errors
    /// [`ReplayError`]; of a long stretch a part may have been queued when the database fails.
    pub async fn replay(
        &self,
        entry: &Entry,
        transport: TransportKind,
        what: Replay,
    ) -> Result<Replayed, ReplayError> {
        let state = entry.state();
        let subscription = state
            .subscriptions
            .get(&transport)
            .ok_or(ReplayError::NoSubscription)?;
        if !subscription.enabled {
            return Err(ReplayError::SubscriptionOff);
        }
        let sink = self.sinks.get(transport).ok_or(ReplayError::TransportOff)?;
        let line = Some(state.instance.id.clone());
        Ok(sink.replay(&line, subscription, what).await?)
    }

    /// The same for the line that gets everybody's events.
    ///
    /// # Errors
    /// As [`Gateway::replay`]; [`ReplayError::NoSubscription`] when the environment sets no such line up.
    pub async fn replay_global(
        &self,
        transport: TransportKind,
        what: Replay,
    ) -> Result<Replayed, ReplayError> {
        let global = self.config.global.get(&transport);
        let subscription = global.ok_or(ReplayError::NoSubscription)?;
        let sink = self.sinks.get(transport).ok_or(ReplayError::TransportOff)?;
        Ok(sink.replay(&None, subscription, what).await?)
    }
}

impl DurableSink {
    async fn replay(
        &self,
        line: &Line,
        subscription: &Arc<Subscription>,
        what: Replay,
    ) -> Result<Replayed, StoreError> {
        let replayed = match what {
            Replay::Parked(chosen) => Replayed {
                queued: self.revive(line, chosen).await?,
                more_after: None,
            },
            Replay::Logged(stretch) => self.queue_again(line, subscription, stretch).await?,
        };
        self.parked.notify_one();
        Ok(replayed)
    }

    async fn revive(&self, line: &Line, chosen: Chosen) -> Result<u64, StoreError> {
        let (sink, now) = (self.name, self.clock.now());
        let what = Arc::new((line.clone(), chosen));
        self.store
            .write(move |tx| {
                let what = Arc::clone(&what);
                Box::pin(
                    async move { delivery::revive(tx, sink, what.0.as_ref(), &what.1, now).await },
                )
            })
            .await
    }

    async fn queue_again(
        &self,
        line: &Line,
        subscription: &Arc<Subscription>,
        mut stretch: Stretch,
    ) -> Result<Replayed, StoreError> {
        if let Some(lane) = self.lane(line) {
            // What the line has not reached yet comes anyway.
            stretch.through = stretch.through.min(lane.cursor());
        }
        let (mut queued, mut seen) = (0, 0);
        loop {
            let events = event::within(&self.store, line.as_ref(), stretch, BATCH).await?;
            let Some(last) = events.last().and_then(|event| event.seq) else {
                return Ok(Replayed {
                    queued,
                    more_after: None,
                });
            };
            let full = events.len() >= BATCH as usize;
            seen += events.len();
            let wanted: Vec<_> = events
                .into_iter()
                .filter(|event| subscription.wants_event(&event.event))
                .collect();
            queued += self
                .queue_batch(line, subscription, wanted, stretch.after, last)
                .await?;
            stretch.after = last;
            if !full {
                return Ok(Replayed {
                    queued,
                    more_after: None,
                });
            }
            if seen >= MOST {
                return Ok(Replayed {
                    queued,
                    more_after: Some(last),
                });
            }
        }
    }

    /// Dead letters of these events wait again; events that wait already are left alone; the others get a delivery.
    async fn queue_batch(
        &self,
        line: &Line,
        subscription: &Arc<Subscription>,
        events: Vec<Arc<Event>>,
        after: Seq,
        through: Seq,
    ) -> Result<u64, StoreError> {
        let (sink, now) = (self.name, self.clock.now());
        let what = Arc::new((line.clone(), Arc::clone(subscription), events));
        self.store
            .write(move |tx| {
                let what = Arc::clone(&what);
                Box::pin(async move {
                    let (line, subscription, events) = &*what;
                    let of = line.as_ref();
                    let parked = delivery::parked_between(tx, sink, of, after, through).await?;
                    let places = events.iter().filter_map(|event| event.seq).collect();
                    let mut queued =
                        delivery::revive(tx, sink, of, &Chosen::DeadOf(places), now).await?;
                    for event in events {
                        let Some(seq) = event.seq.filter(|seq| !parked.contains(seq)) else {
                            continue;
                        };
                        let again = NewDelivery {
                            sink: sink.to_owned(),
                            instance_id: line.clone(),
                            event_seq: seq,
                            event_id: Some(event.event.id.clone()),
                            event_kind: Some(event.event.kind),
                            subscription: subscription.id.clone(),
                            attempt: 0,
                            next_at: now,
                            status: None,
                            error: "asked for again".to_owned(),
                            latency: None,
                            created_at: Some(now),
                        };
                        delivery::park(tx, &again).await?;
                        queued += 1;
                    }
                    Ok(queued)
                })
            })
            .await
    }
}

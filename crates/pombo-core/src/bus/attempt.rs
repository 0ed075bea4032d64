//! One delivery: tried, and where it goes when it fails.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesOrdered;
use pombo_domain::clock::Timestamp;
use pombo_domain::event::{Event, Seq};
use pombo_domain::port::DeliveryError;
use pombo_domain::subscription::Subscription;
use pombo_store::delivery::{Failure, NewDelivery};
use pombo_store::{StoreError, cursor, delivery};
use tracing::{debug, warn};

use super::durable::DurableSink;
use super::lane::Lane;
use crate::config::FailedDelivery;

/// How long a line waits for a receiver that cannot be reached; doubled after each further attempt.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// An attempt that did not work: what is to be stored, and what is to be done.
pub(super) struct Failed {
    pub(super) failure: Failure,
    pub(super) next: Next,
}

/// What became of an event after an attempt.
enum Settled {
    /// Delivered, put aside or given up.
    Yes,
    /// Another attempt is to be made after this time.
    After(Duration),
    /// The receiver cannot be reached: the same attempt is to be made again.
    Unreachable,
}

/// What is to be done after a failed attempt.
pub(super) enum Next {
    /// Another attempt, when the schedule has one; the receiver may have asked for patience.
    Retry(Option<Duration>),
    /// The line waits: the receiver cannot be reached, whatever the event is.
    Wait,
    /// Nothing: it would end the same.
    GiveUp,
    /// The subscription is to be switched off.
    SwitchOff,
}

impl DurableSink {
    /// Delivers, or parks beside the line. With the option `strictOrder` the line waits instead, and so it does when the receiver
    /// cannot be reached. False when the event is not settled: the server stops, or the line was paused meanwhile.
    pub(super) async fn first_attempt(
        self: &Arc<Self>,
        lane: &Arc<Lane>,
        event: &Arc<Event>,
        seq: Seq,
    ) -> Result<bool, StoreError> {
        let mut attempt = 1;
        let mut pause = FIRST_PAUSE;
        loop {
            // What was set while a strict line waited counts from now on.
            let subscription = lane.subscription();
            if subscription.paused() {
                return Ok(false);
            }
            // The log may have left the line behind while it waited; then this event was given up.
            if seq <= lane.cursor() || !subscription.wants_event(&event.event) {
                return Ok(true);
            }
            let strict = subscription.flag("strictOrder");
            let place = Place {
                lane,
                subscription: &subscription,
                event,
                seq,
            };
            if !strict && !lane.worth_an_attempt(Instant::now()) {
                let failure = down(attempt - 1);
                let delay = self
                    .delay_after(event.event.at, 1, None)
                    .unwrap_or_default();
                self.park(place, failure, delay).await?;
                return Ok(true);
            }
            let outcome = self.attempt(event, &subscription, attempt).await;
            let delay = match self.settled(place, attempt, outcome, !strict).await? {
                Settled::Yes => return Ok(true),
                Settled::After(delay) => {
                    attempt += 1;
                    delay
                }
                Settled::Unreachable => {
                    let delay = pause;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    delay
                }
            };
            tokio::select! {
                () = self.stop.cancelled() => return Ok(false),
                () = lane.subscription_changed() => {}
                () = tokio::time::sleep(delay) => {}
            }
        }
    }

    /// Deliveries of several events of a line that are under way together: they begin in the line's order, and are settled in
    /// it. All of them are settled, even when the line is paused meanwhile; but for those from the first on that did not reach
    /// the receiver.
    pub(super) async fn first_attempts(
        self: &Arc<Self>,
        lane: &Arc<Lane>,
        subscription: &Arc<Subscription>,
        events: &[Arc<Event>],
    ) -> Result<(), StoreError> {
        let mut under_way: FuturesOrdered<_> = events
            .iter()
            .map(async |event| {
                let wanted = subscription.wants_event(&event.event);
                let outcome = if wanted {
                    Some(self.attempt(event, subscription, 1).await)
                } else {
                    None
                };
                (event, outcome)
            })
            .collect();
        while let Some((event, outcome)) = under_way.next().await {
            let Some(seq) = event.seq else { continue };
            let wanted = outcome.is_some();
            if let Some(outcome) = outcome {
                let place = Place {
                    lane,
                    subscription,
                    event,
                    seq,
                };
                // What may be parked never waits for its own sake.
                if matches!(
                    self.settled(place, 1, outcome, true).await?,
                    Settled::Unreachable
                ) {
                    return Ok(());
                }
            }
            lane.settle(seq);
            if wanted {
                self.book.note(&lane.line, seq);
            }
        }
        Ok(())
    }

    /// Puts what did not work aside, or says how long to wait for another attempt when it may not be put aside.
    async fn settled(
        self: &Arc<Self>,
        place: Place<'_>,
        attempt: u32,
        outcome: Result<(), Failed>,
        may_park: bool,
    ) -> Result<Settled, StoreError> {
        place.lane.attempted(&outcome);
        let Err(Failed { failure, next }) = outcome else {
            return Ok(Settled::Yes);
        };
        let delay = match next {
            Next::Retry(after) => self.delay_after(place.event.event.at, attempt, after),
            Next::Wait => return Ok(Settled::Unreachable),
            Next::GiveUp => None,
            Next::SwitchOff => {
                self.give_up(place, failure).await?;
                self.switch_off(place.subscription);
                return Ok(Settled::Yes);
            }
        };
        match delay {
            None => self.give_up(place, failure).await?,
            Some(delay) if may_park => self.park(place, failure, delay).await?,
            Some(delay) => return Ok(Settled::After(delay)),
        }
        Ok(Settled::Yes)
    }

    /// Parks everything that a receiver which is down has waiting, in one transaction: what waits for it must not keep the
    /// database busy either.
    pub(super) async fn park_while_down(
        &self,
        lane: &Lane,
        subscription: &Arc<Subscription>,
        events: Vec<Arc<Event>>,
    ) -> Result<(), StoreError> {
        let Some(through) = events.last().and_then(|event| event.seq) else {
            return Ok(());
        };
        let cursor = lane.cursor();
        let mut rows = Vec::new();
        for event in &events {
            let Some(seq) = event.seq.filter(|seq| *seq > cursor) else {
                continue;
            };
            if subscription.wants_event(&event.event) {
                let delay = self
                    .delay_after(event.event.at, 1, None)
                    .unwrap_or_default();
                let place = Place {
                    lane,
                    subscription,
                    event,
                    seq,
                };
                rows.push(self.row(place, &down(0), delay));
            }
        }
        let parked = rows.len() as u64;
        let what = Arc::new((self.name, lane.line.clone(), rows));
        self.store
            .write(move |tx| {
                let what = Arc::clone(&what);
                Box::pin(async move {
                    let (sink, line, rows) = &*what;
                    for row in rows {
                        delivery::park(tx, row).await?;
                    }
                    cursor::set(tx, sink, line.as_ref(), through).await
                })
            })
            .await?;
        lane.settle(through);
        self.counters.parked.fetch_add(parked, Ordering::Relaxed);
        self.parked.notify_one();
        Ok(())
    }

    /// How long to wait before the next attempt; `None` when it was the last.
    pub(super) fn delay_after(
        &self,
        since: Timestamp,
        attempts: u32,
        asked: Option<Duration>,
    ) -> Option<Duration> {
        let age = self.clock.now().since(since);
        self.retry.after(FailedDelivery {
            attempts,
            age,
            asked,
        })
    }

    /// One attempt, counted and timed.
    pub(super) async fn attempt(
        &self,
        event: &Event,
        subscription: &Subscription,
        attempt: u32,
    ) -> Result<(), Failed> {
        self.counters.attempts.fetch_add(1, Ordering::Relaxed);
        let envelope = self.bus.envelope_for(event, subscription);
        let start = Instant::now();
        let outcome = self
            .transport
            .deliver(event, &envelope, subscription, attempt)
            .await;
        let error = match outcome {
            Ok(_) => {
                self.counters.delivered.fetch_add(1, Ordering::Relaxed);
                debug!(
                    transport = self.name, instance = %event.event.instance.name, event.kind = event.event.kind.as_str(), attempt,
                    elapsed_ms = start.elapsed().as_millis(), "delivered"
                );
                return Ok(());
            }
            Err(error) => error,
        };
        let latency = start.elapsed();
        debug!(
            transport = self.name, instance = %event.event.instance.name, event.kind = event.event.kind.as_str(), attempt,
            elapsed_ms = latency.as_millis(), "delivery failed: {error}"
        );
        let (error, status, next) = match error {
            DeliveryError::Unreachable { reason } => (reason, None, Next::Wait),
            DeliveryError::Retry {
                reason,
                status,
                after,
            } => (reason, status, Next::Retry(after)),
            DeliveryError::Permanent { reason, status } => (reason, status, Next::GiveUp),
            DeliveryError::Gone => {
                let reason = "the receiver is gone for good".to_owned();
                (reason, Some(410), Next::SwitchOff)
            }
        };
        let failure = Failure {
            attempt,
            status,
            error,
            latency: Some(latency),
        };
        Err(Failed { failure, next })
    }

    /// Puts the delivery beside the line, and the line's cursor behind it, in one transaction.
    async fn park(
        &self,
        place: Place<'_>,
        failure: Failure,
        delay: Duration,
    ) -> Result<(), StoreError> {
        self.put_aside(place, failure, Some(delay)).await?;
        self.counters.parked.fetch_add(1, Ordering::Relaxed);
        self.parked.notify_one();
        Ok(())
    }

    async fn give_up(&self, place: Place<'_>, failure: Failure) -> Result<(), StoreError> {
        warn!(
            transport = self.name,
            "gave up a delivery at once: {}", failure.error
        );
        self.put_aside(place, failure, None).await?;
        self.counters.dead.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn row(&self, place: Place<'_>, failure: &Failure, delay: Duration) -> NewDelivery {
        let now = self.clock.now();
        NewDelivery {
            sink: self.name.to_owned(),
            instance_id: place.lane.line.clone(),
            event_seq: place.seq,
            event_id: Some(place.event.event.id.clone()),
            event_kind: Some(place.event.event.kind),
            subscription: place.subscription.id.clone(),
            attempt: failure.attempt,
            next_at: now.plus(delay),
            status: failure.status,
            error: failure.error.clone(),
            latency: failure.latency,
            created_at: Some(now),
        }
    }

    async fn put_aside(
        &self,
        place: Place<'_>,
        failure: Failure,
        delay: Option<Duration>,
    ) -> Result<(), StoreError> {
        let parked = self.row(place, &failure, delay.unwrap_or_default());
        let what = Arc::new((parked, failure));
        let dead = delay.is_none();
        self.store
            .write(move |tx| {
                let what = Arc::clone(&what);
                Box::pin(async move {
                    let (parked, failure) = &*what;
                    let id = delivery::park(tx, parked).await?;
                    if dead {
                        delivery::bury(tx, id, failure).await?;
                    }
                    let line = parked.instance_id.as_ref();
                    cursor::set(tx, &parked.sink, line, parked.event_seq).await
                })
            })
            .await
    }
}

/// No attempt was made.
fn down(attempt: u32) -> Failure {
    Failure {
        attempt,
        status: None,
        error: "the receiver is down".to_owned(),
        latency: None,
    }
}

/// Whose turn it is, in which line.
#[derive(Clone, Copy)]
struct Place<'a> {
    lane: &'a Lane,
    subscription: &'a Arc<Subscription>,
    event: &'a Event,
    seq: Seq,
}

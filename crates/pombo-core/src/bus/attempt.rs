//! One delivery: tried, and where it goes when it fails.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use pombo_domain::event::{Event, Seq};
use pombo_domain::port::DeliveryError;
use pombo_domain::subscription::Subscription;
use pombo_store::delivery::NewDelivery;
use pombo_store::{StoreError, cursor, delivery};
use tracing::{debug, warn};

use super::durable::DurableSink;
use super::lane::Lane;
use crate::config::FailedDelivery;

impl DurableSink {
    /// Delivers, or parks beside the line. With the option `strictOrder` the line waits instead. False when the server
    /// stops before the event was settled.
    pub(super) async fn first_attempt(
        self: &Arc<Self>,
        lane: &Arc<Lane>,
        subscription: &Arc<Subscription>,
        event: &Arc<Event>,
        seq: Seq,
    ) -> Result<bool, StoreError> {
        let strict = subscription.flag("strictOrder");
        let mut attempt = 1;
        loop {
            if !strict && !lane.worth_an_attempt(Instant::now()) {
                let delay = self.delay_after(event, 1, None).unwrap_or_default();
                self.park(
                    lane,
                    subscription,
                    seq,
                    0,
                    None,
                    "the receiver is down",
                    delay,
                )
                .await?;
                return Ok(true);
            }
            let outcome = self.attempt(event, subscription, attempt).await;
            lane.attempted(!matches!(outcome, Err(DeliveryError::Retry { .. })));
            match outcome {
                Ok(()) => return Ok(true),
                Err(DeliveryError::Retry {
                    reason,
                    status,
                    after,
                }) => {
                    let Some(delay) = self.delay_after(event, attempt, after) else {
                        self.give_up(lane, subscription, seq, attempt, status, &reason)
                            .await?;
                        return Ok(true);
                    };
                    if !strict {
                        self.park(lane, subscription, seq, attempt, status, &reason, delay)
                            .await?;
                        return Ok(true);
                    }
                    tokio::select! {
                        () = self.stop.cancelled() => return Ok(false),
                        () = tokio::time::sleep(delay) => {}
                    }
                    attempt += 1;
                }
                Err(DeliveryError::Permanent { reason, status }) => {
                    self.give_up(lane, subscription, seq, attempt, status, &reason)
                        .await?;
                    return Ok(true);
                }
                Err(DeliveryError::Gone) => {
                    self.give_up(
                        lane,
                        subscription,
                        seq,
                        attempt,
                        Some(410),
                        "the receiver is gone for good",
                    )
                    .await?;
                    self.switch_off(subscription);
                    return Ok(true);
                }
            }
        }
    }

    /// How long to wait before the next attempt; `None` when it was the last.
    pub(super) fn delay_after(
        &self,
        event: &Event,
        attempts: u32,
        asked: Option<Duration>,
    ) -> Option<Duration> {
        let age = self.clock.now().since(event.event.at);
        self.retry.after(FailedDelivery {
            attempts,
            age,
            asked,
        })
    }

    /// One attempt, counted.
    pub(super) async fn attempt(
        &self,
        event: &Event,
        subscription: &Subscription,
        attempt: u32,
    ) -> Result<(), DeliveryError> {
        self.counters.attempts.fetch_add(1, Ordering::Relaxed);
        let envelope = self.bus.envelope(event);
        let outcome = self
            .transport
            .deliver(event, &envelope, subscription, attempt)
            .await;
        match &outcome {
            Ok(_) => {
                self.counters.delivered.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => debug!(
                transport = self.name, instance = %event.event.instance.name, event.kind = event.event.kind.as_str(), attempt,
                "delivery failed: {error}"
            ),
        }
        outcome.map(|_| ())
    }

    /// Puts the delivery beside the line, and the line's cursor behind it, in one transaction.
    async fn park(
        &self,
        lane: &Lane,
        subscription: &Subscription,
        seq: Seq,
        attempt: u32,
        status: Option<u16>,
        reason: &str,
        delay: Duration,
    ) -> Result<(), StoreError> {
        self.put_aside(
            lane,
            subscription,
            seq,
            attempt,
            status,
            reason,
            Some(delay),
        )
        .await?;
        self.counters.parked.fetch_add(1, Ordering::Relaxed);
        self.parked.notify_one();
        Ok(())
    }

    async fn give_up(
        &self,
        lane: &Lane,
        subscription: &Subscription,
        seq: Seq,
        attempt: u32,
        status: Option<u16>,
        reason: &str,
    ) -> Result<(), StoreError> {
        self.put_aside(lane, subscription, seq, attempt, status, reason, None)
            .await?;
        self.counters.dead.fetch_add(1, Ordering::Relaxed);
        warn!(
            transport = self.name,
            "gave up a delivery at once: {reason}"
        );
        Ok(())
    }

    async fn put_aside(
        &self,
        lane: &Lane,
        subscription: &Subscription,
        seq: Seq,
        attempt: u32,
        status: Option<u16>,
        reason: &str,
        delay: Option<Duration>,
    ) -> Result<(), StoreError> {
        let parked = Arc::new(NewDelivery {
            sink: self.name.to_owned(),
            instance_id: lane.line.clone(),
            event_seq: seq,
            subscription: subscription.id.clone(),
            attempt,
            next_at: self.clock.now().plus(delay.unwrap_or_default()),
            status,
            error: reason.to_owned(),
        });
        let dead = delay.is_none();
        self.store
            .write(move |tx| {
                let parked = Arc::clone(&parked);
                Box::pin(async move {
                    let id = delivery::park(tx, &parked).await?;
                    if dead {
                        delivery::bury(tx, id, parked.attempt, parked.status, &parked.error)
                            .await?;
                    }
                    cursor::set(tx, &parked.sink, parked.instance_id.as_ref(), seq).await
                })
            })
            .await
    }
}

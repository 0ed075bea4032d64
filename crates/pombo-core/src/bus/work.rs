//! Empties the lines: every line by one worker at a time, in order.

use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use pombo_domain::event::{Event, Seq};
use pombo_domain::subscription::Subscription;
use pombo_store::delivery::{DeliveryState, Listed, Of};
use pombo_store::{StoreError, cursor, delivery, event, subscription};
use tracing::warn;

use super::book::Line;
use super::durable::DurableSink;
use super::lane::{Lane, Next};
use super::tail::Newer;

const BATCH: usize = 256;
/// Events that are under way together have no more bytes of data than this.
const TOGETHER_BYTES: usize = 1024 * 1024;
/// How long a line rests when the database does not answer.
const STORE_PAUSE: Duration = Duration::from_millis(500);

impl DurableSink {
    /// Hands new events to the lines they concern, from `place` on. Never waits for a line.
    pub(super) async fn dispatch(self: Arc<Self>, mut place: Seq) {
        let mut bell = self.bus.bell();
        loop {
            match self.bus.newer(place, BATCH) {
                Newer::Events(events) if events.is_empty() => {
                    tokio::select! {
                        () = self.stop.cancelled() => return,
                        rung = bell.changed() => if rung.is_err() { return },
                    }
                }
                Newer::Events(events) => {
                    for event in events {
                        place = event.seq.unwrap_or(place);
                        self.hand_out(&event);
                    }
                    self.dispatched.store(place, Ordering::Release);
                }
                // Cannot keep up with the ring: every line looks for itself in the table.
                Newer::Behind => {
                    place = self.bus.head();
                    let lanes: Vec<_> = self.lanes().values().cloned().collect();
                    for lane in lanes {
                        lane.fall_behind(place);
                        self.wake(&lane);
                    }
                    self.dispatched.store(place, Ordering::Release);
                }
            }
        }
    }

    fn hand_out(self: &Arc<Self>, event: &Arc<Event>) {
        let lanes: Vec<_> = {
            let lanes = self.lanes();
            let own = lanes.get(&Some(event.event.instance.id.clone()));
            own.into_iter().chain(lanes.get(&None)).cloned().collect()
        };
        for lane in lanes {
            if lane.announce(event) {
                self.tasks.spawn(Arc::clone(self).work(lane));
            }
        }
    }

    pub(super) fn wake(self: &Arc<Self>, lane: &Arc<Lane>) {
        if lane.claim() {
            self.tasks.spawn(Arc::clone(self).work(Arc::clone(lane)));
        }
    }

    /// Settles one line's events in order until nothing waits.
    async fn work(self: Arc<Self>, lane: Arc<Lane>) {
        loop {
            if self.stop.is_cancelled() {
                lane.give_back();
                return;
            }
            let result = match lane.next() {
                Next::Idle => return self.end_if_retired(&lane).await,
                Next::Events(events) => self.settle(&lane, events).await.map(drop),
                Next::Table { after } => self.settle_from_table(&lane, after).await,
            };
            if let Err(error) = result {
                warn!(
                    transport = self.name,
                    "the database does not answer a delivery line: {error}"
                );
                tokio::select! {
                    () = self.stop.cancelled() => {}
                    () = tokio::time::sleep(STORE_PAUSE) => {}
                }
                lane.give_back();
                if !lane.claim() {
                    return;
                }
            }
        }
    }

    async fn settle_from_table(
        self: &Arc<Self>,
        lane: &Arc<Lane>,
        after: Seq,
    ) -> Result<(), StoreError> {
        let announced = lane.announced();
        let events = event::after(&self.store, lane.line.as_ref(), after, BATCH as u32).await?;
        let full = events.len() >= BATCH;
        if self.settle(lane, events).await? && !full {
            lane.caught_up(announced.max(after));
        }
        Ok(())
    }

    /// Settles these events in order. False when some are left, because the line was paused or the server stops.
    async fn settle(
        self: &Arc<Self>,
        lane: &Arc<Lane>,
        events: Vec<Arc<Event>>,
    ) -> Result<bool, StoreError> {
        for (index, event) in events.iter().enumerate() {
            let Some(seq) = event.seq else { continue };
            // Also what went along with one before it.
            if seq <= lane.cursor() {
                continue;
            }
            let subscription = lane.subscription();
            let strict = subscription.flag("strictOrder") || subscription.paused();
            if !strict && !self.stop.is_cancelled() && lane.is_down(Instant::now()) {
                let rest = events.iter().skip(index).cloned().collect();
                self.park_while_down(lane, &subscription, rest).await?;
                return Ok(true);
            }
            if !strict && !self.stop.is_cancelled() && lane.is_healthy() {
                let together = self.together(events.get(index..).unwrap_or_default());
                if together.len() > 1 {
                    self.first_attempts(lane, &subscription, together).await?;
                    // Otherwise this one did not reach the receiver, and the line waits with it.
                    if seq <= lane.cursor() {
                        continue;
                    }
                }
            }
            let wanted = subscription.wants_event(&event.event);
            if self.stop.is_cancelled()
                || subscription.paused()
                || (wanted && !self.first_attempt(lane, event, seq).await?)
            {
                lane.put_back();
                return Ok(false);
            }
            lane.settle(seq);
            if wanted {
                self.book.note(&lane.line, seq);
            }
        }
        Ok(true)
    }

    /// How many of these may be under way together.
    fn together<'a>(&self, events: &'a [Arc<Event>]) -> &'a [Arc<Event>] {
        let most = self.transport.in_flight();
        let mut bytes = 0;
        let count = events
            .iter()
            .take(most)
            .take_while(|event| {
                bytes += event.event.data.get().len();
                bytes <= TOGETHER_BYTES
            })
            .count();
        events.get(..count).unwrap_or_default()
    }

    /// Switches the subscription off, beside the line, because a change waits for lines.
    pub(super) fn switch_off(&self, subscription: &Arc<Subscription>) {
        let gateway = self
            .gateway
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .upgrade();
        let Some(gateway) = gateway else { return };
        let subscription = Arc::clone(subscription);
        self.tasks.spawn(async move {
            warn!(
                transport = subscription.transport.as_str(),
                "the receiver answered 410: switching the subscription off"
            );
            if let Err(error) = gateway.switch_off(&subscription).await {
                warn!("cannot switch a subscription off: {error}");
            }
        });
    }

    /// A deleted instance's line ends once everything was settled.
    async fn end_if_retired(&self, lane: &Lane) {
        let subscription = lane.subscription();
        let Some(last) = subscription.retired_at_seq else {
            return;
        };
        if lane.cursor() < last {
            return;
        }
        let listed = Listed {
            of: Of::Line(lane.line.as_ref()),
            state: Some(DeliveryState::Waiting),
            before: None,
            limit: 1,
        };
        let waiting = delivery::list(&self.store, self.name, listed).await;
        if !waiting.is_ok_and(|waiting| waiting.is_empty()) {
            return;
        }
        self.lanes_mut().remove(&lane.line);
        self.book.forget(&lane.line);
        let (sink, line, id) = (self.name, lane.line.clone(), subscription.id.clone());
        let ended = self
            .store
            .write(move |tx| {
                let (line, id) = (line.clone(), id.clone());
                Box::pin(async move {
                    cursor::delete(tx, sink, line.as_ref()).await?;
                    subscription::delete(tx, &id).await
                })
            })
            .await;
        if let Err(error) = ended {
            warn!("cannot clear away a finished delivery line: {error}");
        }
    }

    /// A retried delivery of a deleted instance ended: perhaps its line can end too.
    pub(super) fn look_at_retired(self: &Arc<Self>, line: &Line) {
        let lane = self
            .lanes()
            .get(line)
            .filter(|lane| lane.subscription().retired_at_seq.is_some())
            .cloned();
        if let Some(lane) = lane {
            self.wake(&lane);
        }
    }
}

//! A sink that delivers every event until it has arrived: one line per instance and one for everything.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::{Duration, Instant};

use pombo_domain::clock::SharedClock;
use pombo_domain::event::{Event, Seq};
use pombo_domain::id::InstanceId;
use pombo_domain::port::{DeliveryError, EventTransport};
use pombo_domain::subscription::Subscription;
use pombo_store::delivery::{DeliveryState, NewDelivery};
use pombo_store::{Db, StoreError, cursor, delivery, event, subscription};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, error, warn};

use super::book::{CursorBook, Line};
use super::lane::{Lane, Next};
use super::tail::{Bus, Newer};
use crate::config::{FailedDelivery, RetrySchedule};
use crate::gateway::Gateway;

const BATCH: usize = 256;
/// How long a line rests when the database does not answer.
const STORE_PAUSE: Duration = Duration::from_millis(500);

/// What a sink has done since the start.
#[derive(Debug, Default)]
pub struct SinkCounters {
    /// Deliveries that worked.
    pub delivered: AtomicU64,
    /// First attempts that failed and are tried again.
    pub parked: AtomicU64,
    /// Deliveries given up.
    pub dead: AtomicU64,
    /// Attempts, failed ones included.
    pub attempts: AtomicU64,
}

/// A durable sink over one transport.
pub(crate) struct DurableSink {
    pub(super) name: &'static str,
    pub(super) transport: Arc<dyn EventTransport>,
    pub(super) store: Db,
    pub(super) bus: Arc<Bus>,
    pub(super) clock: SharedClock,
    pub(super) retry: RetrySchedule,
    pub(super) counters: SinkCounters,
    pub(super) parked: Notify,
    pub(super) stop: CancellationToken,
    pub(super) tasks: TaskTracker,
    pub(super) gateway: RwLock<Weak<Gateway>>,
    book: Arc<CursorBook>,
    lanes: RwLock<HashMap<Line, Arc<Lane>>>,
    /// Everything up to here was handed to the lines it concerns.
    dispatched: AtomicI64,
}

impl DurableSink {
    pub(crate) fn new(
        name: &'static str,
        transport: Arc<dyn EventTransport>,
        store: Db,
        bus: Arc<Bus>,
        clock: SharedClock,
        retry: RetrySchedule,
    ) -> Arc<Self> {
        Arc::new(Self {
            name,
            transport,
            store,
            bus,
            clock,
            retry,
            counters: SinkCounters::default(),
            parked: Notify::new(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            gateway: RwLock::new(Weak::new()),
            book: Arc::new(CursorBook::new(name)),
            lanes: RwLock::default(),
            dispatched: AtomicI64::new(0),
        })
    }

    /// Takes up the stored lines and starts working.
    pub(crate) async fn start(
        self: &Arc<Self>,
        gateway: Weak<Gateway>,
        subscriptions: Vec<Arc<Subscription>>,
        global: Option<Arc<Subscription>>,
    ) -> Result<(), StoreError> {
        *self.gateway.write().unwrap_or_else(PoisonError::into_inner) = gateway;
        let cursors: HashMap<Line, Seq> = cursor::all(&self.store)
            .await?
            .into_iter()
            .filter(|cursor| cursor.sink == self.name)
            .map(|cursor| (cursor.instance_id, cursor.seq))
            .collect();
        let head = self.bus.head();
        let lines = subscriptions
            .into_iter()
            .map(|subscription| (Some(subscription.instance_id.clone()), subscription));
        for (line, subscription) in lines.chain(global.map(|subscription| (None, subscription))) {
            let place = cursors.get(&line).copied();
            if place.is_none() {
                self.book.note(&line, head);
            }
            let lane = Lane::new(line.clone(), subscription, place.unwrap_or(head));
            self.lanes_mut().insert(line, lane);
        }
        self.tasks
            .spawn(Arc::clone(&self.book).keep(self.store.clone(), self.stop.clone()));
        self.tasks.spawn(Arc::clone(self).dispatch(head));
        self.tasks.spawn(super::retry::run(Arc::clone(self)));
        let lanes: Vec<_> = self.lanes().values().cloned().collect();
        for lane in lanes {
            self.wake(&lane);
        }
        Ok(())
    }

    /// Stores the cursors and ends. An attempt that is still waiting for its receiver after `patience` is left: it is made
    /// again after the next start.
    pub(crate) async fn close(&self, patience: Duration) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(patience, self.tasks.wait())
            .await
            .is_err()
        {
            debug!(transport = self.name, "left some deliveries in flight");
        }
    }

    pub(crate) fn counters(&self) -> &SinkCounters {
        &self.counters
    }

    /// How far the slowest line is behind the log.
    pub(crate) fn lag(&self) -> i64 {
        let head = self.bus.head();
        let lanes = self.lanes();
        let behind = lanes
            .values()
            .filter(|lane| lane.idle_position().is_none())
            .map(|lane| head - lane.cursor());
        behind.max().unwrap_or(0).max(0)
    }

    /// A new or changed subscription. A new line starts after `start`.
    pub(crate) fn subscribe(self: &Arc<Self>, subscription: &Arc<Subscription>, start: Seq) {
        let line = Some(subscription.instance_id.clone());
        let known = self.lanes().get(&line).cloned();
        let lane = match known {
            Some(lane) => {
                lane.replace_subscription(Arc::clone(subscription));
                lane
            }
            None => {
                let lane = Lane::new(line.clone(), Arc::clone(subscription), start);
                self.lanes_mut().insert(line, Arc::clone(&lane));
                lane
            }
        };
        self.wake(&lane);
    }

    /// The place of the instance's line when it has nothing waiting; `None` also when there is no line... which then is
    /// asked to start at the log's head by [`DurableSink::subscribe`].
    pub(crate) fn idle_position(&self, instance: &InstanceId) -> Option<Seq> {
        match self.lanes().get(&Some(instance.clone())) {
            None => Some(self.bus.head()),
            Some(lane) => lane.idle_position(),
        }
    }

    /// The instance is deleted: its line ends when everything up to `last` is settled.
    pub(crate) fn retire(self: &Arc<Self>, instance: &InstanceId, last: Seq) {
        let lane = self.lanes().get(&Some(instance.clone())).cloned();
        if let Some(lane) = lane {
            let retired = Subscription {
                retired_at_seq: Some(last),
                ..Subscription::clone(&lane.subscription())
            };
            lane.replace_subscription(Arc::new(retired));
            self.wake(&lane);
        }
    }

    /// The oldest place that some line still needs.
    pub(crate) fn needed_after(&self) -> Seq {
        let head = self.bus.head();
        let lanes = self.lanes();
        lanes
            .values()
            .filter(|lane| lane.idle_position().is_none())
            .map(|lane| lane.cursor())
            .min()
            .unwrap_or(head)
    }

    /// Stores the places of lines that wait for nothing, so that a restart need not read what did not concern them.
    pub(crate) fn note_idle_lines(&self) {
        const WORTH_A_WRITE: Seq = 1000;
        let place = self.dispatched.load(Ordering::Acquire);
        for lane in self.lanes().values() {
            if lane
                .idle_position()
                .is_some_and(|cursor| place - cursor >= WORTH_A_WRITE)
            {
                lane.settle(place);
                self.book.note(&lane.line, place);
            }
        }
    }

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
                    event::after(&self.store, lane.line.as_ref(), lane.cursor(), BATCH as u32)
                        .await?;
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
                    .filter(|event| subscription.wants(event.event.kind))
                    .filter_map(|event| event.seq)
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
        lost: Vec<Seq>,
        through: Seq,
    ) -> Result<(), StoreError> {
        let (sink, now, line) = (self.name, self.clock.now(), lane.line.clone());
        let target = subscription.id.clone();
        let lost = Arc::new(lost);
        self.store
            .write(move |tx| {
                let (line, target, lost) = (line.clone(), target.clone(), Arc::clone(&lost));
                Box::pin(async move {
                    for seq in &*lost {
                        let parked = NewDelivery {
                            sink: sink.to_owned(),
                            instance_id: line.clone(),
                            event_seq: *seq,
                            subscription: target.clone(),
                            attempt: 0,
                            next_at: now,
                            status: None,
                            error: "older than the log may keep".to_owned(),
                        };
                        let id = delivery::park(tx, &parked).await?;
                        delivery::bury(tx, id, 0, None, &parked.error).await?;
                    }
                    cursor::set(tx, sink, line.as_ref(), through).await
                })
            })
            .await
    }

    pub(super) fn lane(&self, line: &Line) -> Option<Arc<Lane>> {
        self.lanes().get(line).cloned()
    }

    fn lanes(&self) -> std::sync::RwLockReadGuard<'_, HashMap<Line, Arc<Lane>>> {
        self.lanes.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn lanes_mut(&self) -> std::sync::RwLockWriteGuard<'_, HashMap<Line, Arc<Lane>>> {
        self.lanes.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands new events to the lines they concern, from `place` on. Never waits for a line.
    async fn dispatch(self: Arc<Self>, mut place: Seq) {
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

    fn wake(self: &Arc<Self>, lane: &Arc<Lane>) {
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
                Next::Events(events) => self.settle(&lane, events).await,
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
        self.settle(lane, events).await?;
        if !full {
            lane.caught_up(announced.max(after));
        }
        Ok(())
    }

    async fn settle(
        self: &Arc<Self>,
        lane: &Arc<Lane>,
        events: Vec<Arc<Event>>,
    ) -> Result<(), StoreError> {
        for event in events {
            let Some(seq) = event.seq else { continue };
            if seq <= lane.cursor() {
                continue;
            }
            let subscription = lane.subscription();
            let wanted = subscription.wants(event.event.kind);
            if self.stop.is_cancelled()
                || (wanted && !self.first_attempt(lane, &subscription, &event, seq).await?)
            {
                return Ok(());
            }
            lane.settle(seq);
            if wanted {
                self.book.note(&lane.line, seq);
            }
        }
        Ok(())
    }

    /// Delivers, or parks beside the line. With the option `strictOrder` the line waits instead. False when the server
    /// stops before the event was settled.
    async fn first_attempt(
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
        let waiting = delivery::list(
            &self.store,
            self.name,
            lane.line.as_ref(),
            Some(DeliveryState::Waiting),
            1,
        )
        .await;
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

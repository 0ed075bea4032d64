//! A sink that delivers every event until it has arrived: one line per instance and one for everything.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use pombo_domain::clock::SharedClock;
use pombo_domain::event::Seq;
use pombo_domain::id::InstanceId;
use pombo_domain::port::EventTransport;
use pombo_domain::subscription::Subscription;
use pombo_store::{Db, StoreError, cursor};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::debug;

use super::book::{CursorBook, Line};
use super::lane::Lane;
use super::tail::Bus;
use crate::config::RetrySchedule;
use crate::gateway::Gateway;

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

/// A durable sink over one transport. Its cursors and deliveries are kept under the transport's name.
pub struct DurableSink {
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
    pub(super) book: Arc<CursorBook>,
    lanes: RwLock<HashMap<Line, Arc<Lane>>>,
    /// Everything up to here was handed to the lines it concerns.
    pub(super) dispatched: AtomicI64,
}

impl DurableSink {
    pub(crate) fn new(
        transport: Arc<dyn EventTransport>,
        store: Db,
        bus: Arc<Bus>,
        clock: SharedClock,
        retry: RetrySchedule,
    ) -> Arc<Self> {
        let name = transport.kind().as_str();
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

    /// The transport that it delivers over.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What it has done since the start.
    #[must_use]
    pub fn counters(&self) -> &SinkCounters {
        &self.counters
    }

    /// How far the slowest line is behind the log.
    #[must_use]
    pub fn lag(&self) -> i64 {
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
        // It may have been paused.
        self.parked.notify_one();
    }

    /// Where the instance's line may start anew when it has nothing waiting: at the log's head when there is no line yet,
    /// else behind everything that was handed to it. `None` when something waits.
    pub(crate) fn idle_position(&self, instance: &InstanceId) -> Option<Seq> {
        // Read first: what is handed out from here on makes the line busy.
        let dispatched = self.dispatched.load(Ordering::Acquire);
        match self.lanes().get(&Some(instance.clone())) {
            None => Some(self.bus.head()),
            Some(lane) => lane.idle_position().map(|cursor| cursor.max(dispatched)),
        }
    }

    /// Why the instance's events wait for a receiver that cannot be reached, while they do.
    pub(super) fn unreachable(&self, instance: &InstanceId) -> Option<String> {
        let lane = self.lanes().get(&Some(instance.clone())).cloned();
        lane.and_then(|lane| lane.unreachable())
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

    /// Lines that wait until they are resumed.
    pub(super) fn paused_lines(&self) -> Vec<Line> {
        self.lanes()
            .values()
            .filter(|lane| lane.subscription().paused())
            .map(|lane| lane.line.clone())
            .collect()
    }

    pub(super) fn lane(&self, line: &Line) -> Option<Arc<Lane>> {
        self.lanes().get(line).cloned()
    }

    pub(super) fn lanes(&self) -> std::sync::RwLockReadGuard<'_, HashMap<Line, Arc<Lane>>> {
        self.lanes.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn lanes_mut(&self) -> std::sync::RwLockWriteGuard<'_, HashMap<Line, Arc<Lane>>> {
        self.lanes.write().unwrap_or_else(PoisonError::into_inner)
    }
}

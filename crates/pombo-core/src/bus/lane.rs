//! One receiver's line: what waits for it, in order.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pombo_domain::event::{Event, Seq};
use pombo_domain::id::InstanceId;
use pombo_domain::subscription::Subscription;
use tokio::sync::Notify;
use tracing::{info, warn};

use super::attempt::{self, Failed};
use super::book::Line;

/// How many events a line holds in memory; beyond that it reads the table.
const LINE_EVENTS: usize = 64;
/// After so many failures in a row a receiver counts as down.
const FAILURES_UNTIL_DOWN: u32 = 3;
/// A receiver that is down is tried in line this often; everything in between is parked without an attempt.
const PROBE_EVERY: Duration = Duration::from_secs(5);

/// What to do next for a line.
pub(crate) enum Next {
    /// Settle these, in order.
    Events(Vec<Arc<Event>>),
    /// Read the table from here, up to at least `wanted`.
    Table { after: Seq },
    /// Nothing waits; the line is no longer worked on.
    Idle,
}

struct State {
    subscription: Arc<Subscription>,
    /// Everything up to here is settled: delivered, not wanted, or parked.
    cursor: Seq,
    waiting: VecDeque<Arc<Event>>,
    /// The table holds events after the cursor that are not in `waiting`.
    behind: bool,
    /// The newest event of this line that was announced.
    announced: Seq,
    /// Somebody is settling events of this line.
    working: bool,
    /// The last attempt got an answer that was not "later".
    healthy: bool,
    failures: u32,
    last_attempt: Option<Instant>,
    /// Why the receiver cannot be reached, while that is so.
    unreachable: Option<String>,
}

/// A line, shared by the dispatcher that fills it and the worker that empties it.
pub(crate) struct Lane {
    pub(crate) line: Line,
    state: Mutex<State>,
    /// Rings for a line that waits in strict order.
    changed: Notify,
}

impl State {
    fn leave_to_table(&mut self) {
        self.waiting.clear();
        self.behind = true;
    }
}

impl Lane {
    /// A line that starts by reading the table after `cursor`.
    pub(crate) fn new(line: Line, subscription: Arc<Subscription>, cursor: Seq) -> Arc<Self> {
        Arc::new(Self {
            line,
            state: Mutex::new(State {
                subscription,
                cursor,
                waiting: VecDeque::new(),
                behind: true,
                announced: cursor,
                working: false,
                healthy: false,
                failures: 0,
                last_attempt: None,
                unreachable: None,
            }),
            changed: Notify::new(),
        })
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new event. True when a worker has to be started.
    pub(crate) fn announce(&self, event: &Arc<Event>) -> bool {
        let Some(seq) = event.seq else { return false };
        let mut state = self.state();
        if seq <= state.announced && seq <= state.cursor {
            return false;
        }
        state.announced = state.announced.max(seq);
        if state.subscription.paused() {
            state.leave_to_table();
            return false;
        }
        if !state.behind {
            if state.waiting.len() >= LINE_EVENTS {
                state.waiting.clear();
                state.behind = true;
            } else {
                state.waiting.push_back(Arc::clone(event));
            }
        }
        !std::mem::replace(&mut state.working, true)
    }

    /// Claims the line for a worker; false when somebody works on it already.
    pub(crate) fn claim(&self) -> bool {
        !std::mem::replace(&mut self.state().working, true)
    }

    /// What to settle next. Answers `Idle` at most once per claim.
    pub(crate) fn next(&self) -> Next {
        let mut state = self.state();
        if state.subscription.paused() {
            state.leave_to_table();
            state.working = false;
            return Next::Idle;
        }
        if state.behind {
            return Next::Table {
                after: state.cursor,
            };
        }
        if state.waiting.is_empty() {
            state.working = false;
            return Next::Idle;
        }
        Next::Events(state.waiting.drain(..).collect())
    }

    /// The table held nothing more after the cursor, when it was asked while `announced` was this.
    pub(crate) fn caught_up(&self, announced: Seq) {
        let mut state = self.state();
        if state.announced <= announced {
            state.behind = false;
        }
    }

    /// Gives the line back after an error, to be read from the table next time.
    pub(crate) fn give_back(&self) {
        let mut state = self.state();
        state.leave_to_table();
        state.working = false;
    }

    /// Not everything that was taken was settled: what is left is read from the table.
    pub(crate) fn put_back(&self) {
        self.state().leave_to_table();
    }

    /// The dispatcher lost count at `head`: the line is to be read from the table, whoever works on it.
    pub(crate) fn fall_behind(&self, head: Seq) {
        let mut state = self.state();
        state.leave_to_table();
        state.announced = state.announced.max(head);
    }

    pub(crate) fn announced(&self) -> Seq {
        self.state().announced
    }

    pub(crate) fn cursor(&self) -> Seq {
        self.state().cursor
    }

    /// Everything up to `place` is settled.
    pub(crate) fn settle(&self, place: Seq) {
        let mut state = self.state();
        state.cursor = state.cursor.max(place);
    }

    pub(crate) fn subscription(&self) -> Arc<Subscription> {
        Arc::clone(&self.state().subscription)
    }

    pub(crate) fn replace_subscription(&self, subscription: Arc<Subscription>) {
        let mut state = self.state();
        state.failures = 0;
        state.unreachable = None;
        if subscription.paused() {
            // Also a line that has nothing to do: from now on it needs the log.
            state.leave_to_table();
        }
        state.subscription = subscription;
        drop(state);
        self.changed.notify_one();
    }

    /// Returns when the subscription was replaced since the last call.
    pub(crate) async fn subscription_changed(&self) {
        self.changed.notified().await;
    }

    /// The place of a line that has nothing waiting and is not behind.
    pub(crate) fn idle_position(&self) -> Option<Seq> {
        let state = self.state();
        (!state.behind && !state.working && state.waiting.is_empty()).then_some(state.cursor)
    }

    /// Whether the next event is to be tried in line; when the receiver is down only now and then.
    pub(crate) fn worth_an_attempt(&self, now: Instant) -> bool {
        let mut state = self.state();
        let due = state.failures < FAILURES_UNTIL_DOWN
            || state
                .last_attempt
                .is_none_or(|last| now.duration_since(last) >= PROBE_EVERY);
        if due {
            state.last_attempt = Some(now);
        }
        due
    }

    /// Whether the receiver is down and it is too early to try it again. Unlike [`Lane::worth_an_attempt`] it only looks.
    pub(crate) fn is_down(&self, now: Instant) -> bool {
        let state = self.state();
        state.failures >= FAILURES_UNTIL_DOWN
            && state
                .last_attempt
                .is_some_and(|last| now.duration_since(last) < PROBE_EVERY)
    }

    /// Whether the last attempt worked. Before the first one it is false: while there is no connection yet, events that begin
    /// together all wait for it, and nobody says which goes on first.
    pub(crate) fn is_healthy(&self) -> bool {
        self.state().healthy
    }

    /// Why the receiver cannot be reached, while that is so.
    pub(super) fn unreachable(&self) -> Option<String> {
        self.state().unreachable.clone()
    }

    /// Remembers how the last attempt ended.
    pub(super) fn attempted(&self, outcome: &Result<(), Failed>) {
        let mut state = self.state();
        state.failures = match outcome.as_ref().map_err(|failed| &failed.next) {
            Err(attempt::Next::Retry(_)) => state.failures.saturating_add(1),
            // Not down: what comes next is to wait in line.
            Err(attempt::Next::Wait) => 1,
            Ok(()) | Err(attempt::Next::GiveUp | attempt::Next::SwitchOff) => 0,
        };
        state.healthy = state.failures == 0;
        let unreachable = match outcome {
            Err(failed) if matches!(failed.next, attempt::Next::Wait) => {
                Some(failed.failure.error.clone())
            }
            _ => None,
        };
        match (&state.unreachable, &unreachable) {
            (None, Some(reason)) => warn!(
                transport = state.subscription.transport.as_str(),
                instance_id = self.line.as_ref().map(InstanceId::as_str),
                "events wait for a receiver that cannot be reached: {reason}"
            ),
            (Some(_), None) => info!(
                transport = state.subscription.transport.as_str(),
                instance_id = self.line.as_ref().map(InstanceId::as_str),
                "the receiver can be reached again"
            ),
            _ => {}
        }
        state.unreachable = unreachable;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pombo_domain::clock::Timestamp;
    use pombo_domain::event::{EventKind, NewEvent};
    use pombo_domain::id::{EventId, RowId};
    use pombo_domain::instance::{InstanceName, InstanceRef};
    use pombo_domain::subscription::{EventList, TransportKind};
    use pombo_store::delivery::Failure;
    use serde_json::value::RawValue;

    fn lane() -> Arc<Lane> {
        Lane::new(Some("i".into()), subscription(serde_json::json!({})), 0)
    }

    fn subscription(options: serde_json::Value) -> Arc<Subscription> {
        Arc::new(Subscription {
            id: RowId::new(Timestamp::default()),
            instance_id: "i".into(),
            transport: TransportKind::Webhook,
            enabled: true,
            events: EventList::all(),
            options: options.as_object().cloned().unwrap(),
            created_at: Timestamp::default(),
            updated_at: Timestamp::default(),
            retired_at_seq: None,
        })
    }

    fn failed(next: attempt::Next) -> Result<(), Failed> {
        let failure = Failure {
            attempt: 1,
            status: None,
            error: "nobody there".to_owned(),
            latency: None,
        };
        Err(Failed { failure, next })
    }

    fn event(seq: Seq) -> Arc<Event> {
        Event::logged(
            seq,
            NewEvent {
                id: EventId::new(Timestamp::default()),
                instance: InstanceRef {
                    id: "i".into(),
                    name: InstanceName::new("a").unwrap(),
                },
                kind: EventKind::Call,
                at: Timestamp::default(),
                sender: None,
                data: RawValue::from_string("1".to_owned()).unwrap(),
            },
        )
    }

    #[test]
    fn a_new_line_reads_the_table_first_and_then_memory() {
        let lane = lane();
        assert!(lane.announce(&event(5)));
        assert!(matches!(lane.next(), Next::Table { after: 0 }));
        lane.settle(5);
        lane.caught_up(5);
        assert!(matches!(lane.next(), Next::Idle));
        assert!(lane.announce(&event(6)));
        assert!(!lane.announce(&event(7)));
        assert!(matches!(lane.next(), Next::Events(events) if events.len() == 2));
    }

    #[test]
    fn an_event_announced_while_the_table_was_read_is_not_forgotten() {
        let lane = lane();
        lane.announce(&event(5));
        let seen = lane.announced();
        lane.announce(&event(6));
        lane.settle(5);
        lane.caught_up(seen);
        assert!(matches!(lane.next(), Next::Table { after: 5 }));
    }

    #[test]
    fn too_much_for_memory_goes_back_to_the_table() {
        let lane = lane();
        lane.claim();
        lane.caught_up(0);
        for seq in 1..=i64::try_from(LINE_EVENTS).unwrap() + 1 {
            lane.announce(&event(seq));
        }
        assert!(matches!(lane.next(), Next::Table { after: 0 }));
    }

    #[test]
    fn a_receiver_that_is_down_is_only_probed() {
        let lane = lane();
        let now = Instant::now();
        for _ in 0..FAILURES_UNTIL_DOWN {
            assert!(lane.worth_an_attempt(now));
            lane.attempted(&failed(attempt::Next::Retry(None)));
        }
        assert!(!lane.worth_an_attempt(now));
        assert!(lane.worth_an_attempt(now + PROBE_EVERY));
        lane.attempted(&Ok(()));
        assert!(lane.worth_an_attempt(now + PROBE_EVERY));
    }

    #[test]
    fn a_receiver_that_cannot_be_reached_is_not_down() {
        let lane = lane();
        let now = Instant::now();
        for _ in 0..FAILURES_UNTIL_DOWN {
            lane.worth_an_attempt(now);
            lane.attempted(&failed(attempt::Next::Retry(None)));
        }
        assert!(lane.is_down(now));
        for _ in 0..=FAILURES_UNTIL_DOWN {
            lane.attempted(&failed(attempt::Next::Wait));
            assert!(!lane.is_down(now) && lane.worth_an_attempt(now));
            assert!(!lane.is_healthy() && lane.unreachable().is_some());
        }
        lane.attempted(&Ok(()));
        assert!(lane.is_healthy() && lane.unreachable().is_none());
    }

    #[test]
    fn a_paused_line_rests_and_then_reads_the_table() {
        let lane = lane();
        lane.caught_up(0);
        assert_eq!(lane.idle_position(), Some(0));
        lane.replace_subscription(subscription(serde_json::json!({"paused": true})));
        // It needs the log from now on, so the log must not be pruned past it.
        assert_eq!(lane.idle_position(), None);
        assert!(!lane.announce(&event(5)));
        assert!(lane.claim());
        assert!(matches!(lane.next(), Next::Idle));
        lane.replace_subscription(subscription(serde_json::json!({})));
        assert!(lane.claim());
        assert!(matches!(lane.next(), Next::Table { after: 0 }));
    }
}

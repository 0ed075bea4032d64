use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use pombo_domain::event::envelope;
use pombo_domain::id::InstanceId;
use pombo_domain::instance::InstanceRef;
use pombo_domain::port::{
    EventHistory, FeedRequest, LiveEvent, LiveFeed, LiveSession, LiveTransport, SessionCommand,
};
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::task::TaskTracker;

use super::close;
use super::config::WebSocketConfig;
use super::session::{Guard, Session, frames};
use crate::metrics::LiveMetrics;
use crate::replay::{Interrupted, SendError, Start, catch_up};

/// How long clients may take to notice that the server goes away.
const GOODBYE: Duration = Duration::from_secs(3);

/// Feeds the clients of the native WebSocket.
#[derive(Clone)]
pub struct Hub {
    inner: Arc<Inner>,
}

struct Inner {
    config: WebSocketConfig,
    history: Arc<dyn EventHistory>,
    metrics: Arc<LiveMetrics>,
    /// By instance; `None` holds those who follow everything that their key opens.
    sessions: Mutex<Sessions>,
    next: AtomicU64,
    tasks: TaskTracker,
    closing: AtomicBool,
}

type Sessions = HashMap<Option<InstanceId>, HashMap<u64, Arc<Session>>>;

impl Hub {
    /// A hub without clients.
    #[must_use]
    pub fn new(config: WebSocketConfig, history: Arc<dyn EventHistory>) -> Self {
        Self {
            inner: Arc::new(Inner {
                config,
                history,
                metrics: Arc::default(),
                sessions: Mutex::default(),
                next: AtomicU64::new(1),
                tasks: TaskTracker::new(),
                closing: AtomicBool::new(false),
            }),
        }
    }

    /// What there is to count.
    #[must_use]
    pub fn metrics(&self) -> Arc<LiveMetrics> {
        self.inner.metrics.clone()
    }
}

impl Inner {
    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets a session; its queue is freed at once.
    fn forget(&self, session: &Session) {
        let room = session
            .instance
            .as_ref()
            .map(|instance| instance.id.clone());
        let known = {
            let mut sessions = self.sessions();
            let known = sessions
                .get_mut(&room)
                .and_then(|members| members.remove(&session.id))
                .is_some();
            if sessions.get(&room).is_some_and(HashMap::is_empty) {
                sessions.remove(&room);
            }
            known
        };
        session.over.cancel();
        if known {
            self.metrics.client_left();
        }
    }

    fn show(&self, room: Option<InstanceId>, event: &LiveEvent, placed: &mut Option<Bytes>) {
        let logged = &event.event;
        let (mut delivered, mut slow) = (0, Vec::new());
        {
            let sessions = self.sessions();
            let Some(members) = sessions.get(&room) else {
                return;
            };
            for session in members.values().filter(|session| session.wants(logged)) {
                let mut with_place = || match logged.seq {
                    Some(seq) => placed
                        .get_or_insert_with(|| {
                            envelope::with_place(&event.envelope, &logged.event, seq)
                        })
                        .clone(),
                    None => event.envelope.clone(),
                };
                let sent = match &session.progress {
                    None => Some(session.outbox.push(event.envelope.clone())),
                    Some(progress) => {
                        progress.offer(logged.seq, || session.outbox.push(with_place()))
                    }
                };
                let droppable = logged.event.kind.is_volatile()
                    && (session.progress.is_none() || logged.seq.is_none());
                match sent {
                    None | Some(Err(SendError::Gone)) => {}
                    Some(Ok(())) => delivered += 1,
                    Some(Err(SendError::Full)) if droppable => self.metrics.volatile_dropped(),
                    Some(Err(SendError::Full)) => slow.push(session.clone()),
                }
            }
        }
        self.metrics.add_delivered(delivered);
        for session in slow {
            self.too_slow(&session);
        }
    }

    fn too_slow(&self, session: &Session) {
        self.metrics.slow_client();
        tracing::debug!("a WebSocket client fell behind and is disconnected");
        session.outbox.abort(close::TOO_SLOW);
        session.over.cancel();
    }

    fn handle(&self, session: &Session, command: SessionCommand) {
        match command {
            SessionCommand::Text(text) => {
                session.is_alive();
                if session.answer(&text) == Err(SendError::Full) {
                    self.too_slow(session);
                }
            }
            SessionCommand::Alive => session.is_alive(),
            SessionCommand::Closed => {
                session.outbox.discard();
                self.forget(session);
            }
        }
    }

    fn everywhere(&self) -> Vec<Arc<Session>> {
        self.sessions()
            .values()
            .flat_map(HashMap::values)
            .cloned()
            .collect()
    }

    fn in_room(&self, room: &Option<InstanceId>) -> Vec<Arc<Session>> {
        self.sessions()
            .get(room)
            .map(|members| members.values().cloned().collect())
            .unwrap_or_default()
    }

    fn replay(self: Arc<Self>, session: Arc<Session>, start: Start) {
        let inner = self.clone();
        self.tasks.spawn(async move {
            let scope = session.instance.as_ref().map(|instance| &instance.id);
            let caught_up = catch_up(&*inner.history, scope, |event| session.wants(event), start, &*session);
            if session.over.run_until_cancelled(caught_up).await == Some(Err(Interrupted::History)) {
                tracing::warn!("a WebSocket client could not be brought up to date: the event log does not answer");
                session.outbox.close(close::NO_HISTORY);
            }
        });
    }
}

impl LiveFeed for Hub {
    fn open(&self, request: FeedRequest) -> LiveSession {
        let inner = &self.inner;
        // A negative place is none: the client only wants to count from here on.
        let start = request.offset.map(|seq| {
            if seq < 0 {
                Start::Latest
            } else {
                Start::After(seq)
            }
        });
        let id = inner.next.fetch_add(1, Ordering::Relaxed);
        let session = Arc::new(Session::new(id, request, &inner.config));
        {
            let mut sessions = inner.sessions();
            let name = session
                .instance
                .as_ref()
                .map(|instance| instance.name.as_str());
            let ready = json!({"event": "ready", "instance": name, "offset": inner.history.head()});
            session.outbox.push(ready.to_string().into()).ok();
            let room = session
                .instance
                .as_ref()
                .map(|instance| instance.id.clone());
            sessions
                .entry(room)
                .or_default()
                .insert(id, session.clone());
            inner.metrics.client_came();
            if inner.closing.load(Ordering::Relaxed) {
                session.outbox.close(close::SHUTDOWN);
            }
        }
        if let Some(start) = start {
            inner.clone().replay(session.clone(), start);
        }
        let guard = {
            let (inner, session) = (inner.clone(), session.clone());
            Guard(move || inner.handle(&session, SessionCommand::Closed))
        };
        let frames = frames(session.clone(), &inner.config, guard);
        let inner = inner.clone();
        LiveSession {
            frames: Box::pin(frames),
            commands: Box::new(move |command| inner.handle(&session, command)),
        }
    }
}

#[async_trait]
impl LiveTransport for Hub {
    fn instance_added(&self, _: &InstanceRef) {}

    async fn instance_removed(&self, instance: &InstanceRef) {
        for session in self.inner.in_room(&Some(instance.id.clone())) {
            session.outbox.close(close::INSTANCE_GONE);
        }
        for session in self.inner.in_room(&None) {
            if !session.survives_losing(instance) {
                session.outbox.close(close::INSTANCE_GONE);
            }
        }
    }

    async fn keys_changed(&self, instance: &InstanceRef) {
        let rooms = [Some(instance.id.clone()), None];
        for session in rooms.iter().flat_map(|room| self.inner.in_room(room)) {
            if !session.survives_losing(instance) {
                session.outbox.close(close::KEY_GONE);
            }
        }
    }

    async fn emit(&self, event: &LiveEvent) {
        let mut placed = None;
        if event.to_instance {
            self.inner.show(
                Some(event.event.event.instance.id.clone()),
                event,
                &mut placed,
            );
        }
        if event.to_all {
            self.inner.show(None, event, &mut placed);
        }
    }

    async fn close(&self) {
        let inner = &self.inner;
        {
            let _sessions = inner.sessions();
            inner.closing.store(true, Ordering::Relaxed);
        }
        for session in inner.everywhere() {
            session.outbox.close(close::SHUTDOWN);
            session.over.cancel();
        }
        let deadline = Instant::now() + GOODBYE;
        while inner.metrics.clients() > 0 && Instant::now() < deadline {
            sleep(Duration::from_millis(5)).await;
        }
        inner.tasks.close();
        if timeout(GOODBYE, inner.tasks.wait()).await.is_err() {
            tracing::warn!("some WebSocket tasks did not end in time");
        }
    }

    fn clients(&self) -> usize {
        self.inner.metrics.clients()
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Hub")
            .field("clients", &self.clients())
            .finish_non_exhaustive()
    }
}

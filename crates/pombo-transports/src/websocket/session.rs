//! One connected client.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::{Stream, stream};
use pombo_domain::event::{Event, EventKind};
use pombo_domain::instance::InstanceRef;
use pombo_domain::port::{Access, FeedRequest, Frame};
use serde_json::json;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::close;
use super::command::Command;
use super::config::WebSocketConfig;
use super::outbox::Outbox;
use crate::replay::{End, Progress, Receiver, SendError};

pub(super) struct Session {
    pub(super) id: u64,
    /// `None`: all that the key opens.
    pub(super) instance: Option<InstanceRef>,
    access: Mutex<Access>,
    /// Empty: all events.
    filter: Mutex<Vec<EventKind>>,
    pub(super) outbox: Outbox,
    /// Only for a client that asked for its place in the log.
    pub(super) progress: Option<Progress>,
    alive: AtomicBool,
    /// Ends the replay with the session.
    pub(super) over: CancellationToken,
}

impl fmt::Debug for Session {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Session")
            .field("id", &self.id)
            .field("instance", &self.instance)
            .finish_non_exhaustive()
    }
}

impl Session {
    pub(super) fn new(id: u64, request: FeedRequest, config: &WebSocketConfig) -> Self {
        Self {
            id,
            instance: request.instance,
            access: Mutex::new(request.access),
            filter: Mutex::default(),
            outbox: Outbox::new(config.queue_frames, config.queue_bytes),
            progress: request.offset.map(|_| Progress::replaying()),
            alive: AtomicBool::new(false),
            over: CancellationToken::new(),
        }
    }

    /// Whether the client asked for this event and its key opens it.
    pub(super) fn wants(&self, event: &Event) -> bool {
        let opened = self.instance.is_some()
            || self
                .access
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .opens(&event.event.instance.id);
        let filter = self.filter.lock().unwrap_or_else(PoisonError::into_inner);
        opened && (filter.is_empty() || filter.contains(&event.event.kind))
    }

    /// Keys no longer open `instance` for the holders of its former token. True when the session goes on: with a global
    /// key, or following all that a token opens, as long as something is left.
    pub(super) fn survives_losing(&self, instance: &InstanceRef) -> bool {
        match &mut *self.access.lock().unwrap_or_else(PoisonError::into_inner) {
            Access::Global => true,
            Access::Instances(ids) => {
                ids.retain(|id| *id != instance.id);
                !ids.is_empty() && self.instance.as_ref() != Some(instance)
            }
        }
    }

    /// A text frame from the client. Its answer may find the queue full.
    pub(super) fn answer(&self, text: &str) -> Result<(), SendError> {
        let answer = match Command::parse(text) {
            Ok(Command::Ping) => Bytes::from_static(b"pong"),
            Ok(Command::JsonPing) => Bytes::from_static(b"{\"event\":\"pong\"}"),
            Ok(Command::Subscribe(kinds)) => {
                let names: Vec<_> = if kinds.is_empty() {
                    EventKind::ALL.iter().map(|kind| kind.as_str()).collect()
                } else {
                    kinds.iter().map(|kind| kind.as_str()).collect()
                };
                let answer = json!({"event": "subscribed", "events": names}).to_string();
                // The answer comes first: what follows it obeys the new filter.
                let mut filter = self.filter.lock().unwrap_or_else(PoisonError::into_inner);
                *filter = kinds;
                return self.outbox.push(answer.into());
            }
            Err(message) => json!({"event": "error", "message": message})
                .to_string()
                .into(),
        };
        self.outbox.push(answer)
    }

    pub(super) fn is_alive(&self) {
        self.alive.store(true, Ordering::Relaxed);
    }
}

impl Receiver for Session {
    fn progress(&self) -> &Progress {
        static NONE: std::sync::OnceLock<Progress> = std::sync::OnceLock::new();
        self.progress
            .as_ref()
            .unwrap_or_else(|| NONE.get_or_init(Progress::replaying))
    }

    fn turn(&self) -> usize {
        128
    }

    async fn room(&self) -> Result<(), SendError> {
        self.outbox.room().await
    }

    fn send(&self, _: &Event, placed: &Bytes) -> Result<(), SendError> {
        self.outbox.push(placed.clone())
    }

    fn send_end(&self, end: End) -> Result<(), SendError> {
        let text = json!({"event": "replay.end", "from": end.from, "to": end.to, "complete": end.complete});
        self.outbox.push(text.to_string().into())
    }
}

/// What ends with the stream of frames, however it ends.
pub(super) struct Guard<F: Fn()>(pub(super) F);

impl<F: Fn()> Drop for Guard<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// The frames of a session, pings included. `guard` lives as long as the stream.
pub(super) fn frames<F: Fn() + Send>(
    session: Arc<Session>,
    config: &WebSocketConfig,
    guard: Guard<F>,
) -> impl Stream<Item = Frame> + Send + use<F> {
    let (interval, patience) = (config.ping_interval, config.ping_timeout);
    let state = (session, guard, Instant::now() + interval, false, false);
    stream::unfold(
        state,
        move |(session, guard, mut deadline, mut waiting, over)| async move {
            if over {
                return None;
            }
            let frame = loop {
                tokio::select! {
                    frame = session.outbox.next() => break frame?,
                    () = sleep_until(deadline) => {
                        if !waiting {
                            session.alive.store(false, Ordering::Relaxed);
                            (waiting, deadline) = (true, Instant::now() + patience);
                            break Frame::Ping;
                        }
                        if !session.alive.load(Ordering::Relaxed) {
                            let (code, reason) = close::SILENT;
                            break Frame::Close { code, reason };
                        }
                        (waiting, deadline) = (false, deadline + interval.saturating_sub(patience));
                    }
                }
            };
            let over = matches!(frame, Frame::Close { .. });
            Some((frame, (session, guard, deadline, waiting, over)))
        },
    )
}

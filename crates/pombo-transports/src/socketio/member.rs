//! One client in one namespace.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use pombo_domain::event::Event;
use pombo_domain::port::Access;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::sleep;

use super::access::Credentials;
use super::connection::Socket;
use super::encode::{self, Encoded};
use super::packet;
use crate::replay::{End, Progress, Receiver, SendError};

/// Places of a queue that presence leaves free.
const SPARE: usize = 8;

pub(super) struct Member {
    pub(super) id: u64,
    pub(super) socket: Arc<Socket>,
    /// As the client wrote it.
    pub(super) namespace: Arc<str>,
    pub(super) credentials: Credentials,
    access: Mutex<Access>,
    /// Only for a client that asked for its place in the log.
    pub(super) progress: Option<Progress>,
    /// How many packets its session's queue holds.
    pub(super) queue: usize,
    pub(super) binary: bool,
    /// It has left; nothing more is sent to it.
    left: AtomicBool,
}

impl fmt::Debug for Member {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Member")
            .field("id", &self.id)
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}

impl Member {
    pub(super) fn new(
        id: u64,
        socket: Arc<Socket>,
        namespace: Arc<str>,
        (credentials, access): (Credentials, Access),
        replays: bool,
        (queue, binary): (usize, bool),
    ) -> Self {
        let progress = replays.then(Progress::replaying);
        Self {
            id,
            socket,
            namespace,
            credentials,
            access: Mutex::new(access),
            progress,
            queue,
            binary,
            left: AtomicBool::new(false),
        }
    }

    /// Whether this member may see events of everybody, or of which instances.
    pub(super) fn may_see(&self, event: &Event) -> bool {
        self.access
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .opens(&event.event.instance.id)
    }

    pub(super) fn access(&self) -> Access {
        self.access
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn set_access(&self, access: Access) {
        *self.access.lock().unwrap_or_else(PoisonError::into_inner) = access;
    }

    /// Puts a packet into the queue only if some places stay free, for what must not be dropped.
    pub(super) fn send_if_spare(&self, encoded: Encoded) -> Result<(), SendError> {
        let spare = SPARE.min(self.queue / 2);
        let permits: Result<Vec<_>, _> = (0..=spare).map(|_| self.socket.reserve()).collect();
        permits.map(drop).map_err(|error| reason(&error))?;
        self.send(encoded)
    }

    /// Puts a packet into the queue. Never waits.
    pub(super) fn send(&self, encoded: Encoded) -> Result<(), SendError> {
        if encoded.attachments.is_empty() {
            return self.send_text(encoded.text);
        }
        let permit = self.socket.reserve().map_err(|error| reason(&error))?;
        permit.emit_many(encoded.text, encoded.attachments.into());
        Ok(())
    }

    pub(super) fn send_text(&self, text: impl Into<engineioxide::Str>) -> Result<(), SendError> {
        self.socket.emit(text).map_err(|error| reason(&error))
    }

    /// Ends a replay that is under way.
    pub(super) fn leave(&self) {
        self.left.store(true, Ordering::Relaxed);
    }

    pub(super) fn say_goodbye(&self) -> Result<(), SendError> {
        self.send_text(packet::disconnect(&self.namespace))
    }

    /// Room that replaying leaves for heartbeats and live packets of other namespaces.
    fn reserve(&self) -> usize {
        self.queue / 4
    }
}

pub(super) fn reason<T>(error: &TrySendError<T>) -> SendError {
    match error {
        TrySendError::Full(_) => SendError::Full,
        TrySendError::Closed(_) => SendError::Gone,
    }
}

impl Receiver for Member {
    fn progress(&self) -> &Progress {
        static LIVE: std::sync::OnceLock<Progress> = std::sync::OnceLock::new();
        self.progress
            .as_ref()
            .unwrap_or_else(|| LIVE.get_or_init(Progress::replaying))
    }

    fn turn(&self) -> usize {
        (self.queue / 4).clamp(1, 128)
    }

    /// Engine.IO offers no way to wait for room, so we look again and again, ever more rarely.
    async fn room(&self) -> Result<(), SendError> {
        let needed = self.turn() + self.reserve();
        let mut pause = Duration::from_millis(1);
        loop {
            if self.left.load(Ordering::Relaxed) {
                return Err(SendError::Gone);
            }
            let permits: Result<Vec<_>, _> = (0..needed).map(|_| self.socket.reserve()).collect();
            match permits.map(drop).map_err(|error| reason(&error)) {
                Ok(()) => return Ok(()),
                Err(SendError::Gone) => return Err(SendError::Gone),
                Err(SendError::Full) => {}
            }
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(100));
        }
    }

    fn send(&self, event: &Event, placed: &Bytes) -> Result<(), SendError> {
        if self.left.load(Ordering::Relaxed) {
            return Err(SendError::Gone);
        }
        Member::send(
            self,
            encode::one(&self.namespace, event, placed, self.binary),
        )
    }

    fn send_end(&self, end: End) -> Result<(), SendError> {
        self.send_text(encode::replay_end(&self.namespace, end))
    }
}

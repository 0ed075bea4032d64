//! One Engine.IO session: what we know about it, and which namespaces it has joined.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::gate::Handshake;
use super::rooms::Seat;

/// An Engine.IO session with our data in it.
pub(super) type Socket = engineioxide::Socket<Connection>;

/// Our part of a session.
#[derive(Debug, Default)]
pub(super) struct Connection {
    joined: AtomicBool,
    state: Mutex<State>,
}

/// What changes while a session lives.
#[derive(Debug, Default)]
pub(super) struct State {
    /// By namespace, as the client wrote it.
    pub(super) seats: HashMap<Arc<str>, Seat>,
    /// How many joins were refused.
    pub(super) refused: u32,
    /// A packet whose attachments are still to come.
    pub(super) unfinished: Option<Unfinished>,
    /// Nothing is accepted any more.
    pub(super) closed: bool,
}

/// What the gate learnt when the session began.
pub(super) fn handshake(socket: &Socket) -> Option<&Handshake> {
    socket.req_parts.extensions.get()
}

/// An event with attachments that are still to come.
#[derive(Debug)]
pub(super) struct Unfinished {
    pub(super) missing: usize,
    /// Those that came. Together they are no larger than one packet may be; of an acknowledgment none is kept.
    pub(super) attachments: Vec<Bytes>,
    /// The text of the packet; `None` for an acknowledgment, which nobody waits for.
    pub(super) text: Option<String>,
}

impl Connection {
    /// Once true, the session has shown what it is here for.
    pub(super) fn has_joined(&self) -> bool {
        self.joined.load(Ordering::Relaxed)
    }

    pub(super) fn set_joined(&self) {
        self.joined.store(true, Ordering::Relaxed);
    }

    /// Never held while a room is locked *and waited for*: rooms lock first, then sessions.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

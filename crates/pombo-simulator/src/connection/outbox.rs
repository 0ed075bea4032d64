//! What waits to be written to one client.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::Peer;
use crate::node::Stanza;

/// One thing to write.
#[derive(Debug, Clone)]
pub(crate) enum Outgoing {
    Stanza(Stanza),
    /// A stanza that waited for the device: marked as such.
    Waited(Stanza),
    /// Close the connection after what was written before.
    Close,
}

/// The outgoing queue of a connection. Bounded: one stanza more than the limit, and the client is disconnected, since it does not
/// read. Nothing is lost by that: what must arrive stays in its device's queue.
#[derive(Debug)]
pub(crate) struct Outbox {
    waiting: Mutex<Waiting>,
    filled: Notify,
    closing: CancellationToken,
    peer: OnceLock<Peer>,
    limit: usize,
}

#[derive(Debug, Default)]
struct Waiting {
    queue: VecDeque<Outgoing>,
    /// Nothing more is accepted.
    closed: bool,
}

impl Outbox {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            waiting: Mutex::default(),
            filled: Notify::new(),
            closing: CancellationToken::new(),
            peer: OnceLock::new(),
            limit,
        }
    }

    /// Adds to the queue.
    pub(crate) fn push(&self, outgoing: Outgoing) {
        let mut waiting = self.lock();
        if waiting.closed {
            return;
        }
        if waiting.queue.len() >= self.limit {
            tracing::warn!(limit = self.limit, "a client does not read: disconnected");
            waiting.queue.clear();
            waiting.queue.push_back(Outgoing::Close);
            waiting.closed = true;
        } else {
            waiting.closed = matches!(outgoing, Outgoing::Close);
            waiting.queue.push_back(outgoing);
        }
        if waiting.closed {
            self.closing.cancel();
        }
        drop(waiting);
        self.filled.notify_one();
    }

    /// Waits for something to write. Cancel-safe: nothing is taken before it is returned.
    pub(super) async fn next(&self) -> Outgoing {
        loop {
            if let Some(outgoing) = self.try_next() {
                return outgoing;
            }
            self.filled.notified().await;
        }
    }

    /// Waits until the connection is to be closed, whether or not the client reads what was written before.
    pub(super) async fn closing(&self) {
        self.closing.cancelled().await;
    }

    /// The next thing to write, if there is one already.
    pub(super) fn try_next(&self) -> Option<Outgoing> {
        self.lock().queue.pop_front()
    }

    /// Says who reads at the other end, once that is known.
    pub(crate) fn set_peer(&self, peer: Peer) {
        self.peer.get_or_init(|| peer);
    }

    pub(super) fn peer(&self) -> Peer {
        self.peer.get().cloned().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::node::node;

    #[tokio::test]
    async fn a_client_that_does_not_read_is_closed() {
        let outbox = Outbox::new(2);
        for _ in 0..5 {
            outbox.push(Outgoing::Stanza(Arc::new(node("message").build())));
        }
        assert!(matches!(outbox.next().await, Outgoing::Close));
        assert!(outbox.try_next().is_none());
    }

    #[tokio::test]
    async fn nothing_follows_a_close() {
        let outbox = Outbox::new(10);
        outbox.push(Outgoing::Stanza(Arc::new(node("success").build())));
        outbox.push(Outgoing::Close);
        outbox.push(Outgoing::Stanza(Arc::new(node("message").build())));
        assert!(matches!(outbox.next().await, Outgoing::Stanza(_)));
        assert!(matches!(outbox.next().await, Outgoing::Close));
        assert!(outbox.try_next().is_none());
    }
}

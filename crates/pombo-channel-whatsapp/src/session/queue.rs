//! The library's events, in order and without loss, on their way to the rules.
//!
//! The library calls its listeners in the middle of its own work, one event after the other, and they must not wait. So the
//! queue itself has no limit; what has one is what may come in: while more than [`FULL`] events wait, the transport reads
//! nothing from the network, and TCP tells the other side. Messages wait even earlier, in the durability hook.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Notify, mpsc};
use wacore::types::events::{Event, EventHandler, UndecryptableMessage};
use wacore::types::message::MessageCategory;

use super::acks::Acks;
use crate::auth_state::StoreBackend;
use crate::incoming::is_signalling;

/// So many waiting events stop the reading.
const FULL: usize = 4096;

/// How many events wait, and whoever waits for that to change.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    waiting: AtomicUsize,
    changed: Notify,
}

impl Gate {
    /// Returns when few enough events wait.
    pub(crate) async fn open(&self) {
        loop {
            let changed = self.changed.notified();
            if self.waiting.load(Ordering::Acquire) < FULL {
                return;
            }
            changed.await;
        }
    }
}

/// The library's end.
pub(crate) struct Inlet {
    sender: mpsc::UnboundedSender<Arc<Event>>,
    gate: Arc<Gate>,
    acks: Acks,
    storage: Arc<StoreBackend>,
}

impl EventHandler for Inlet {
    fn handle_event(&self, event: Arc<Event>) {
        // Every stanza comes along; all but a few are told as something else already.
        if let Event::RawNode(node) = &*event
            && !is_signalling(node)
        {
            return;
        }
        if let Event::UndecryptableMessage(message) = &*event {
            self.note(message);
        }
        // Who waits for it must not wait for what is before it in the queue.
        if let Event::ServerAck(ack) = &*event {
            self.acks.came(ack);
        }
        self.gate.waiting.fetch_add(1, Ordering::AcqRel);
        // The receiver is gone only when the client is being ended; nobody is left to tell.
        if self.sender.send(event).is_err() {
            self.gate.waiting.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

impl Inlet {
    /// Before the library acknowledges the message.
    fn note(&self, message: &UndecryptableMessage) {
        let (info, kind) = (&message.info, message.unavailable_type);
        if info.category == MessageCategory::Peer
            || (message.is_unavailable && kind.is_unrecoverable_fanout())
        {
            return;
        }
        let (chat, sender) = (&info.source.chat, &info.source.sender);
        self.storage.note_unreadable(
            &chat.to_string(),
            &sender.to_string(),
            &info.id,
            // It does not ask the account's other devices.
            !info.source.is_self_fanout(),
        );
    }
}

/// Our end.
pub(crate) struct Outlet {
    receiver: mpsc::UnboundedReceiver<Arc<Event>>,
    gate: Arc<Gate>,
}

impl Outlet {
    /// The next event. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Option<Arc<Event>> {
        let event = self.receiver.recv().await;
        self.taken(event)
    }

    /// The next event, if there is one already.
    pub(crate) fn ready(&mut self) -> Option<Arc<Event>> {
        let event = self.receiver.try_recv().ok();
        self.taken(event)
    }

    fn taken(&self, event: Option<Arc<Event>>) -> Option<Arc<Event>> {
        if event.is_some() && self.gate.waiting.fetch_sub(1, Ordering::AcqRel) == FULL {
            self.gate.changed.notify_waiters();
        }
        event
    }
}

/// A queue, and the gate that the transport asks.
pub(crate) fn queue(acks: Acks, storage: Arc<StoreBackend>) -> (Arc<Inlet>, Outlet, Arc<Gate>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let gate = Arc::new(Gate::default());
    let inlet = Arc::new(Inlet {
        sender,
        gate: Arc::clone(&gate),
        acks,
        storage,
    });
    let outlet = Outlet {
        receiver,
        gate: Arc::clone(&gate),
    };
    (inlet, outlet, gate)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::lease::tests::Book;
    use super::*;
    use wacore::types::events::Connected;

    #[tokio::test]
    async fn a_full_queue_closes_the_gate_and_loses_nothing() {
        let storage = StoreBackend::new(Arc::new(Book::default()));
        let (inlet, mut outlet, gate) = queue(Acks::default(), Arc::new(storage));
        for _ in 0..FULL {
            inlet.handle_event(Arc::new(Event::Connected(Connected::builder().build())));
        }
        let waiting = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move { gate.open().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        assert!(outlet.next().await.is_some());
        tokio::time::timeout(Duration::from_secs(5), waiting)
            .await
            .expect("the gate opens")
            .expect("the task ends");
        let mut left = 0;
        while outlet.ready().is_some() {
            left += 1;
        }
        assert_eq!(left, FULL - 1);
    }
}

//! Messages that were written to the network and that it has not acknowledged yet.
//!
//! The library considers a message sent when it has written it. When the connection dies just then, the network may never have
//! seen it, and nobody would know.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use wacore::types::events::ServerAck;

/// Who waits for which message's acknowledgement.
#[derive(Debug, Clone, Default)]
pub(crate) struct Acks(Arc<Mutex<HashMap<String, oneshot::Sender<()>>>>);

/// What came of waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// The network has the message, or refused it; the news says which.
    Answered,
    /// The connection ended first.
    Unknown,
}

/// Waits for one acknowledgement; not waiting any more when it is dropped.
#[derive(Debug)]
pub(crate) struct Waiting {
    acks: Acks,
    id: String,
    answer: oneshot::Receiver<()>,
}

impl Acks {
    /// To be called before the message is written: the acknowledgement may be fast.
    pub(crate) fn expect(&self, id: &str) -> Waiting {
        let (told, answer) = oneshot::channel();
        self.waiting().insert(id.to_owned(), told);
        Waiting {
            acks: self.clone(),
            id: id.to_owned(),
            answer,
        }
    }

    /// The network has answered.
    pub(crate) fn came(&self, ack: &ServerAck) {
        if ack.class.as_deref() == Some("message")
            && let Some(told) = self.waiting().remove(&ack.id)
        {
            // Whoever waited may have gone.
            told.send(()).ok();
        }
    }

    /// The connection has ended: no answer comes any more.
    pub(crate) fn lost(&self) {
        self.waiting().clear();
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<String, oneshot::Sender<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    pub(crate) async fn answer(&mut self) -> Taken {
        match (&mut self.answer).await {
            Ok(()) => Taken::Answered,
            Err(_) => Taken::Unknown,
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.answer.close();
        // One that has replaced ours is not closed.
        let mut waiting = self.acks.waiting();
        if waiting
            .get(&self.id)
            .is_some_and(oneshot::Sender::is_closed)
        {
            waiting.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ack(id: &str, class: &str) -> ServerAck {
        ServerAck::builder()
            .id(id.to_owned())
            .class(class.to_owned())
            .build()
    }

    #[tokio::test]
    async fn an_answer_reaches_who_waits_for_it() {
        let acks = Acks::default();
        let (mut one, mut other) = (acks.expect("A"), acks.expect("B"));
        acks.came(&ack("A", "receipt"));
        acks.came(&ack("A", "message"));
        acks.came(&ack("C", "message"));
        assert_eq!(one.answer().await, Taken::Answered);
        acks.lost();
        assert_eq!(other.answer().await, Taken::Unknown);
        drop((one, other));
        assert!(acks.waiting().is_empty());
    }

    #[test]
    fn nobody_is_remembered_who_does_not_wait() {
        let acks = Acks::default();
        drop(acks.expect("A"));
        assert!(acks.waiting().is_empty());
    }
}

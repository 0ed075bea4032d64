//! What waits for a device. A stanza stays until the device acknowledges it, so that a lost connection loses nothing.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use wacore_binary::Node;

use crate::node::{NodeExt as _, Stanza};

/// The stanzas of a device that are not acknowledged, oldest first.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Queue {
    waiting: VecDeque<Stanza>,
    /// How many of them, from the front, the present connection has been given.
    #[serde(skip)]
    sent: usize,
}

/// How many stanzas of each kind wait, as `offline_preview` tells.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Backlog {
    pub(crate) messages: usize,
    pub(crate) receipts: usize,
    pub(crate) notifications: usize,
    pub(crate) calls: usize,
}

impl Backlog {
    pub(crate) fn count(self) -> usize {
        self.messages + self.receipts + self.notifications + self.calls
    }
}

impl Queue {
    pub(crate) fn push(&mut self, stanza: Stanza) {
        self.waiting.push_back(stanza);
    }

    /// The newest stanza was handed to the connection at once.
    pub(crate) fn mark_all_sent(&mut self) {
        self.sent = self.waiting.len();
    }

    /// A new connection: everything has to be sent (again).
    pub(crate) fn rewind(&mut self) {
        self.sent = 0;
    }

    /// The next stanzas that the present connection has not been given, at most `limit`.
    pub(crate) fn next_batch(&mut self, limit: usize) -> Vec<Stanza> {
        let batch: Vec<Stanza> = self
            .waiting
            .iter()
            .skip(self.sent)
            .take(limit)
            .cloned()
            .collect();
        self.sent += batch.len();
        batch
    }

    /// Everything was handed to the present connection.
    pub(crate) fn is_drained(&self) -> bool {
        self.sent >= self.waiting.len()
    }

    /// All that the present connection was given is acknowledged.
    pub(crate) fn is_idle(&self) -> bool {
        self.sent == 0
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn backlog(&self) -> Backlog {
        let mut backlog = Backlog::default();
        for stanza in &self.waiting {
            match stanza.tag.as_ref() {
                "message" => backlog.messages += 1,
                "receipt" => backlog.receipts += 1,
                "call" => backlog.calls += 1,
                _ => backlog.notifications += 1,
            }
        }
        backlog
    }

    /// Removes the stanza of that class (`message`, `receipt`, `notification`, `call`) and id. Ids are not unique: two devices
    /// answer one message with receipts of the same id. So `to` and `participant` of the acknowledgement decide when several fit.
    pub(crate) fn acknowledge(&mut self, class: &str, acknowledgement: &Node) -> Option<Stanza> {
        let id = acknowledgement.text("id");
        let fits = |stanza: &Stanza| stanza.tag == class && stanza.text("id") == id;
        let exact = |stanza: &Stanza| {
            fits(stanza)
                && stanza.jid("from") == acknowledgement.jid("to")
                && stanza.jid("participant") == acknowledgement.jid("participant")
        };
        let position = self
            .waiting
            .iter()
            .position(exact)
            .or_else(|| self.waiting.iter().position(fits))?;
        if position < self.sent {
            self.sent -= 1;
        }
        self.waiting.remove(position)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::node::node;

    fn receipt(id: &str, from: &str) -> Stanza {
        Arc::new(node("receipt").attr("id", id).attr("from", from).build())
    }

    #[test]
    fn a_stanza_stays_until_it_is_acknowledged() {
        let mut queue = Queue::default();
        queue.push(receipt("1", "5@lid"));
        queue.push(receipt("1", "5:2@lid"));
        assert_eq!(queue.next_batch(10).len(), 2);
        assert!(queue.is_drained());
        let ack = node("ack").attr("id", "1").attr("to", "5:2@lid").build();
        let removed = queue.acknowledge("receipt", &ack).expect("it was there");
        assert_eq!(removed.text("from"), "5:2@lid");
        queue.rewind();
        assert_eq!(queue.next_batch(10).len(), 1);
    }

    #[test]
    fn batches_go_on_where_the_last_one_ended() {
        let mut queue = Queue::default();
        for id in ["1", "2", "3"] {
            queue.push(receipt(id, "5@lid"));
        }
        assert_eq!(queue.next_batch(2).len(), 2);
        let ack = node("ack").attr("id", "1").attr("to", "5@lid").build();
        queue.acknowledge("receipt", &ack);
        let rest = queue.next_batch(2);
        assert_eq!(rest.len(), 1);
        assert_eq!(rest[0].text("id"), "3");
    }
}

//! Messages between their decryption and the rules' store.
//!
//! The library writes down what it has decrypted (`PENDING_INBOUND`) before the rules get it, deletes that when they have
//! stored it, and only then acknowledges it. A message that the network brings again, and that its session has moved past,
//! is looked up there; what is not found counts as dealt with, and is acknowledged. That is wrong in two cases, and the
//! message would be lost: the process ended when the session was durable and the message was not yet, or the first copy
//! still waits in a batch, which the end of the connection throws away. So what the rules have stored leaves a mark
//! (`TAKEN`). A message that has neither is not acknowledged; it is reported, and asked for again ([`Unseen`]).
//!
//! This record is also the reason why calls become durable in their order: the session that has moved past a message is told
//! after it, so it is never durable alone. In most cases the rules have stored the message before the session is written,
//! and then nothing but the mark is written here.

use std::time::{Duration, Instant};

use pombo_domain::port::{AuthChange, AuthStoreError};
use tokio::sync::mpsc;
use wacore::store::error::{Result, StoreError};
use wacore::store::traits::{PendingInboundKey, PendingInboundRow};

use super::key::{self, PENDING_INBOUND, TAKEN};
use super::protocol::put_now;
use super::{StoreBackend, delete, millis};

/// How long a mark is kept. It is needed until the network has our acknowledgement; what was not acknowledged comes again
/// with the next connection, before anything here is cleared away.
const MARKED: Duration = Duration::from_secs(3600);
/// How often a message is asked for. After that it is acknowledged: who sent it does not have it any more, or it was
/// something that never reaches the rules.
const MOST_ASKED: u8 = 3;
/// So many reports wait. One that finds no place is made again with the next connection.
const REPORTS: usize = 256;

/// A message that the network brought again and nobody here has.
#[derive(Debug, Clone)]
pub struct Unseen {
    /// JID of the chat.
    pub chat: String,
    /// JID of the device that sent it.
    pub sender: String,
    /// The message's id.
    pub id: String,
    /// When it was missed.
    pub since: Instant,
}

impl Unseen {
    fn key(&self) -> String {
        key::joined(&[&self.chat, &self.sender, &self.id])
    }
}

/// Where [`Unseen`] messages are reported.
pub(super) struct Reports {
    sender: mpsc::Sender<Unseen>,
    receiver: std::sync::Mutex<Option<mpsc::Receiver<Unseen>>>,
}

impl Default for Reports {
    fn default() -> Self {
        let (sender, receiver) = mpsc::channel(REPORTS);
        Self {
            sender,
            receiver: std::sync::Mutex::new(Some(receiver)),
        }
    }
}

impl StoreBackend {
    /// The messages to be asked for again, as they are found. `None` from the second call on.
    pub fn unseen(&self) -> Option<mpsc::Receiver<Unseen>> {
        let receiver = self.reports.receiver.lock();
        receiver
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take()
    }

    /// Whether the message is there after all: written down, or stored by the rules.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn has_seen(&self, message: &Unseen) -> std::result::Result<bool, AuthStoreError> {
        let key = message.key();
        Ok(self.journal.get(PENDING_INBOUND, &key).await?.is_some()
            || self.asked(&key).await? == Some(0))
    }

    /// Remembers that the message was asked for.
    ///
    /// # Errors
    /// When the store does not take it.
    pub async fn note_asked(&self, message: &Unseen) -> std::result::Result<(), AuthStoreError> {
        let key = message.key();
        let times = self.asked(&key).await?.unwrap_or(0).saturating_add(1);
        let mark = put_now(TAKEN, key, &[times]);
        self.journal.soon(vec![mark]).await.map(drop)
    }

    /// How often the message was asked for: `Some(0)` when it is taken, `None` when nothing is known.
    async fn asked(&self, key: &str) -> std::result::Result<Option<u8>, AuthStoreError> {
        let mark = self.journal.get(TAKEN, key).await?;
        Ok(mark.map(|mark| mark.first().copied().unwrap_or(0)))
    }

    pub(super) async fn write_pending(&self, rows: &[PendingInboundRow<'_>]) -> Result<()> {
        let puts = rows.iter().map(|row| {
            let key = key::joined(&[row.chat, row.sender, row.id]);
            put_now(PENDING_INBOUND, key, row.message)
        });
        self.soon(puts.collect()).await
    }

    /// The message, if the rules may not have it. `None`: they do.
    pub(super) async fn pending(
        &self,
        chat: &str,
        sender: &str,
        id: &str,
    ) -> Result<Option<Vec<u8>>> {
        let key = key::joined(&[chat, sender, id]);
        if let Some(message) = self.record(PENDING_INBOUND, &key).await? {
            return Ok(Some(message.into()));
        }
        match self.asked(&key).await.map_err(super::refused)? {
            Some(0 | MOST_ASKED..) => return Ok(None),
            Some(_) | None => {}
        }
        let unseen = Unseen {
            chat: chat.to_owned(),
            sender: sender.to_owned(),
            id: id.to_owned(),
            since: Instant::now(),
        };
        if self.reports.sender.try_send(unseen).is_err() {
            tracing::debug!(id, "a message will be asked for with the next connection");
        }
        // The library acknowledges nothing after an error.
        Err(StoreError::Validation(format!(
            "nobody has message {id}; it is asked for again"
        )))
    }

    /// The rules have stored these.
    pub(super) async fn mark_taken(&self, keys: &[PendingInboundKey<'_>]) -> Result<()> {
        let changes = keys.iter().flat_map(|of| -> [AuthChange; 2] {
            let key = key::joined(&[of.chat, of.sender, of.id]);
            [
                delete(PENDING_INBOUND, key.clone()),
                put_now(TAKEN, key, &[]),
            ]
        });
        self.soon(changes.collect()).await
    }

    /// Forgets what is too old to be brought again. `cutoff` in seconds, for what was written down and never taken.
    pub(super) async fn forget_old(&self, cutoff: i64) -> Result<u32> {
        let kept = i64::try_from(MARKED.as_secs()).unwrap_or(i64::MAX);
        let marked = millis(wacore::time::now_secs().saturating_sub(kept));
        self.delete_older(TAKEN, marked).await?;
        self.delete_older(PENDING_INBOUND, millis(cutoff)).await
    }
}

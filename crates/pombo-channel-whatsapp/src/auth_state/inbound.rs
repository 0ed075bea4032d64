//! Messages between their decryption and the rules' store.
//!
//! The library writes down what it has decrypted (`PENDING_INBOUND`) before the rules get it, deletes that when they have
//! stored it, and only then acknowledges it. A message that the network brings again, and that its session has moved past,
//! is looked up there; what is not found counts as dealt with, and is acknowledged. That is wrong in two cases, and the
//! message would be lost: the process ended when the session was durable and the message was not yet, or the first copy
//! still waits in a batch, which the end of the connection throws away. So what the rules have stored leaves a mark
//! (`TAKEN`). A message that has neither is not acknowledged, and is [`Missing`].
//!
//! Missing is also what could not be decrypted. The library asks for that once, and acknowledges it; the answer is lost when
//! either side ends at that moment. So it is noted, and nothing leaves for the network before that note is durable.
//! `session::recovery` asks for what stays missing.
//!
//! `PENDING_INBOUND` is also the reason why calls become durable in their order: the session that has moved past a message is
//! told after it, so it is never durable alone. In most cases the rules have stored the message before the session is
//! written, and then nothing but the mark is written here.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tracing::{debug, warn};
use wacore::store::error::{Result, StoreError};
use wacore::store::traits::{PendingInboundKey, PendingInboundRow};

use super::key::{self, MISSING, PENDING_INBOUND, TAKEN};
use super::protocol::put_now;
use super::{StoreBackend, decode, delete, encode, millis};

/// How long a mark is kept. It is needed until the network has our acknowledgement; what was not acknowledged comes again
/// with the next connection, before anything here is cleared away.
const MARKED: Duration = Duration::from_secs(3600);
/// So many messages of an account may be missing. Of more, those that were not acknowledged come again.
const MOST: usize = 1000;
/// How long after the last question a message is asked for again, by how often it was asked for. The first pause is for a copy
/// that waits in the library's batch, for three seconds at most. After the last, whoever sent the message does not have it.
const PAUSES: [Duration; 5] = [
    Duration::from_secs(5),
    Duration::from_secs(60),
    Duration::from_secs(600),
    Duration::from_secs(3600),
    Duration::from_secs(6 * 3600),
];
/// A new connection asks so long after it was opened; by then it has brought what waited.
const SETTLED: Duration = Duration::from_secs(10);

/// A message that the network brought and nobody here has.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Missing {
    /// JID of the chat.
    pub chat: String,
    /// JID of the device that sent it.
    pub sender: String,
    /// The message's id.
    pub id: String,
    /// How often it was asked for. Questions that follow each other quickly count as one.
    pub asked: u8,
    /// When it was missed, or asked for the last time: milliseconds since the epoch.
    pub since: i64,
}

impl Missing {
    fn new(chat: &str, sender: &str, id: &str, asked: u8) -> Self {
        Self {
            chat: chat.to_owned(),
            sender: sender.to_owned(),
            id: id.to_owned(),
            asked,
            since: now(),
        }
    }

    fn key(&self) -> String {
        key::joined(&[&self.chat, &self.sender, &self.id])
    }

    /// When it is to be asked for, if the connection was opened then; both in milliseconds since the epoch.
    fn due(&self, opened: i64) -> i64 {
        let pause = PAUSES.get(usize::from(self.asked)).or(PAUSES.last());
        let due = self
            .since
            .saturating_add(in_millis(pause.copied().unwrap_or(MARKED)));
        if self.since < opened {
            due.min(opened.saturating_add(in_millis(SETTLED)))
        } else {
            due
        }
    }
}

/// What is missing, as in the store.
#[derive(Default)]
pub(super) struct Missed {
    messages: Mutex<BTreeMap<String, Missing>>,
    changed: Notify,
    /// Up to there the journal has notes that nothing may overtake.
    noted: AtomicU64,
}

impl Missed {
    fn messages(&self) -> MutexGuard<'_, BTreeMap<String, Missing>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StoreBackend {
    /// Reads what is missing since earlier connections.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn load_missing(&self) -> Result<()> {
        let stored = self.list(MISSING).await?;
        let stored = stored
            .into_iter()
            .filter_map(|(key, record)| Some((key, decode(&record).ok()?)));
        self.missed.messages().extend(stored);
        Ok(())
    }

    /// A message could not be decrypted. `asked`: whether the library asks for it by itself. The note is durable before
    /// anything is sent that is given to the connection later ([`Self::notes_are_durable`]).
    pub fn note_unreadable(&self, chat: &str, sender: &str, id: &str, asked: bool) {
        self.note(Missing::new(chat, sender, id, u8::from(asked)));
    }

    /// Waits until the notes of messages that could not be decrypted are durable.
    pub async fn notes_are_durable(&self) {
        let noted = self.missed.noted.load(Ordering::Acquire);
        if let Err(error) = self.journal.written(noted).await {
            // Not a reason to fall silent: what the store has trouble with is tried again.
            warn!("not noted that a message could not be decrypted: {error}");
        }
    }

    /// What is to be asked for now, and when there will be more to ask for. `opened`: when the connection was opened. Both in
    /// milliseconds since the epoch.
    pub fn missing(&self, opened: i64) -> (Vec<Missing>, Option<i64>) {
        let now = now();
        let messages = self.missed.messages();
        let due = messages
            .values()
            .filter(|message| message.due(opened) <= now);
        let later = messages.values().map(|message| message.due(opened));
        (due.cloned().collect(), later.filter(|due| *due > now).min())
    }

    /// Returns when something more is missing.
    pub async fn more_is_missing(&self) {
        self.missed.changed.notified().await;
    }

    /// A missing message was asked for. After the last time it counts as dealt with.
    ///
    /// # Errors
    /// When the store does not take it.
    pub async fn note_asked(&self, message: &Missing) -> Result<()> {
        let key = message.key();
        let since = now();
        let quick = since.saturating_sub(message.since) < in_millis(PAUSES[1]);
        let again = Missing {
            asked: if quick {
                message.asked.max(1)
            } else {
                message.asked.saturating_add(1)
            },
            since,
            ..message.clone()
        };
        let changes = {
            let mut messages = self.missed.messages();
            // It came meanwhile.
            if !messages.contains_key(&key) {
                return Ok(());
            }
            if usize::from(again.asked) < PAUSES.len() {
                let record = encode(&again)?;
                messages.insert(key.clone(), again);
                vec![put_now(MISSING, key, &record)]
            } else {
                messages.remove(&key);
                vec![delete(MISSING, key.clone()), put_now(TAKEN, key, &[])]
            }
        };
        self.soon(changes).await
    }

    fn note(&self, message: Missing) {
        let key = message.key();
        let Ok(record) = encode(&message) else {
            return;
        };
        let mut messages = self.missed.messages();
        if messages.contains_key(&key) {
            return;
        }
        if messages.len() >= MOST {
            debug!(id = message.id, "too many messages are missing");
            return;
        }
        match self
            .journal
            .note(vec![put_now(MISSING, key.clone(), &record)])
        {
            Ok(version) => {
                self.missed.noted.fetch_max(version, Ordering::AcqRel);
                messages.insert(key, message);
                self.missed.changed.notify_one();
            }
            Err(error) => debug!("not noted that a message is missing: {error}"),
        }
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
        if self.record(TAKEN, &key).await?.is_some() {
            return Ok(None);
        }
        self.note(Missing::new(chat, sender, id, 0));
        // The library acknowledges nothing after an error.
        Err(StoreError::Validation(format!(
            "nobody has message {id}; it will be asked for"
        )))
    }

    /// The rules have stored these.
    pub(super) async fn mark_taken(&self, keys: &[PendingInboundKey<'_>]) -> Result<()> {
        let mut changes = Vec::with_capacity(2 * keys.len());
        for of in keys {
            let key = key::joined(&[of.chat, of.sender, of.id]);
            if self.missed.messages().remove(&key).is_some() {
                changes.push(delete(MISSING, key.clone()));
            }
            changes.push(delete(PENDING_INBOUND, key.clone()));
            changes.push(put_now(TAKEN, key, &[]));
        }
        self.soon(changes).await
    }

    /// Forgets what is too old to be brought again. `cutoff` in seconds, for what was written down and never taken.
    pub(super) async fn forget_old(&self, cutoff: i64) -> Result<u32> {
        let kept = i64::try_from(MARKED.as_secs()).unwrap_or(i64::MAX);
        let marked = millis(wacore::time::now_secs().saturating_sub(kept));
        self.delete_older(TAKEN, marked).await?;
        self.delete_older(PENDING_INBOUND, millis(cutoff)).await
    }
}

fn now() -> i64 {
    wacore::time::now_millis()
}

fn in_millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

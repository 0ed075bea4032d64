//! Credentials and keys of an account, kept where everything else of the instance is kept.
//!
//! [`StoreBackend`] is the library's storage port, on top of ours: one file per trait of the library. What the library
//! tells us goes through a journal, which makes one batch of whatever arrived together and never lets a later call become
//! durable before an earlier one; `docs/decisions/0006-whatsapp-credentials.md` says what follows from that. There is no
//! cache here: the library has its own, and what it asks for is read from the database.

mod app_sync;
mod device;
mod inbound;
mod journal;
mod key;
mod msg_secret;
mod protocol;
mod signal;

use std::sync::Arc;

use bytes::Bytes;
use pombo_domain::port::{AuthChange, AuthStore, AuthStoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;
use wacore::store::error::{Result, StoreError};

pub use inbound::Missing;
use journal::Journal;

/// The library's storage for one account, over the instance's [`AuthStore`].
///
/// One at a time for an instance, as there is one connection at a time: reads that are followed by a write are guarded
/// within it only.
pub struct StoreBackend {
    journal: Arc<Journal>,
    /// Held while a record is read, merged and told to the journal.
    merging: Mutex<()>,
    missed: inbound::Missed,
}

impl StoreBackend {
    /// Over the instance's store.
    #[must_use]
    pub fn new(store: Arc<dyn AuthStore>) -> Self {
        Self {
            journal: Arc::new(Journal::new(store)),
            merging: Mutex::new(()),
            missed: inbound::Missed::default(),
        }
    }

    /// Makes everything durable that the library has told so far. To be called when the client has been stopped; without
    /// it the same happens by itself within a moment, unless the process ends before.
    ///
    /// # Errors
    /// When the store does not take it.
    pub async fn flush(&self) -> std::result::Result<(), AuthStoreError> {
        self.journal.flush_all().await
    }

    /// Forgets everything: the account was unlinked. What a client that still runs writes afterwards is refused, so that
    /// nothing comes back; the next client gets a new `StoreBackend`.
    ///
    /// # Errors
    /// When the store does not take it; what is written is refused all the same.
    pub async fn clear(&self) -> std::result::Result<(), AuthStoreError> {
        self.journal.clear().await
    }
}

/// What the traits of the library have in common.
impl StoreBackend {
    async fn durably(&self, changes: Vec<AuthChange>) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        self.journal.durably(changes).await.map_err(refused)
    }

    async fn soon(&self, changes: Vec<AuthChange>) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        self.journal.soon(changes).await.map(drop).map_err(refused)
    }

    async fn record(&self, kind: &'static str, key: &str) -> Result<Option<Bytes>> {
        self.journal.get(kind, key).await.map_err(refused)
    }

    async fn records(&self, kind: &'static str, keys: Vec<String>) -> Result<Vec<(String, Bytes)>> {
        self.journal.get_many(kind, keys).await.map_err(refused)
    }

    async fn list(&self, kind: &'static str) -> Result<Vec<(String, Bytes)>> {
        self.journal.list(kind, "").await.map_err(refused)
    }

    async fn any(&self, kind: &'static str, prefix: &str) -> Result<bool> {
        self.journal.any(kind, prefix).await.map_err(refused)
    }

    /// Deletes what is of that kind and older than `before_ms`.
    async fn delete_older(&self, kind: &'static str, before_ms: i64) -> Result<u32> {
        let deleted = self.journal.delete_older(kind, before_ms).await;
        Ok(u32::try_from(deleted.map_err(refused)?).unwrap_or(u32::MAX))
    }
}

impl std::fmt::Debug for StoreBackend {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("StoreBackend")
    }
}

/// Our error as the library's.
fn refused(error: AuthStoreError) -> StoreError {
    StoreError::Database(Box::new(error))
}

/// Records with fields are JSON: a later version of the library finds the fields by their names.
fn encode<T: Serialize>(value: &T) -> Result<Bytes> {
    serde_json::to_vec(value)
        .map(Into::into)
        .map_err(|error| StoreError::Serialization(Box::new(error)))
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|error| StoreError::Serialization(Box::new(error)))
}

/// The library counts in seconds, the store in milliseconds, and 0 means "never" there.
fn millis(seconds: i64) -> i64 {
    seconds.saturating_mul(1000).max(1)
}

fn put(kind: &'static str, key: impl Into<String>, value: Bytes) -> AuthChange {
    AuthChange::Put {
        kind,
        key: key.into(),
        value,
        at_ms: 0,
    }
}

fn delete(kind: &'static str, key: impl Into<String>) -> AuthChange {
    AuthChange::Delete {
        kind,
        key: key.into(),
    }
}

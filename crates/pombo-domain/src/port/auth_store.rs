//! Where a channel keeps an instance's credentials and keys.

use async_trait::async_trait;
use bytes::Bytes;

/// The store did not answer.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct AuthStoreError(pub String);

/// One change of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthChange {
    /// Keeps a record, in place of an older one. `at_ms`: what [`AuthStore::delete_older`] looks at; 0: never too old.
    Put {
        /// What kind of record.
        kind: &'static str,
        /// Which one of its kind.
        key: String,
        /// Opaque bytes.
        value: Bytes,
        /// Milliseconds since the epoch.
        at_ms: i64,
    },
    /// Forgets a record.
    Delete {
        /// What kind of record.
        kind: &'static str,
        /// Which one of its kind.
        key: String,
    },
    /// Forgets the records of a kind whose keys begin with `prefix`; all of the kind when it is empty.
    DeletePrefix {
        /// What kind of records.
        kind: &'static str,
        /// What their keys begin with.
        prefix: String,
    },
}

/// One instance's credentials and keys: opaque records under a kind (at most 32 bytes) and a key (at most 1,020 bytes, no
/// U+0000). Implemented by `pombo-store`. Reads see what was durable when they began, and do not wait for writes.
#[async_trait]
pub trait AuthStore: Send + Sync {
    /// A record.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn get(&self, kind: &'static str, key: &str) -> Result<Option<Bytes>, AuthStoreError>;

    /// Those of the records that are there, with their keys, in any order.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn get_many(
        &self,
        kind: &'static str,
        keys: &[String],
    ) -> Result<Vec<(String, Bytes)>, AuthStoreError>;

    /// All records of a kind whose keys begin with `prefix`, ordered by key.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn list(
        &self,
        kind: &'static str,
        prefix: &str,
    ) -> Result<Vec<(String, Bytes)>, AuthStoreError>;

    /// Whether any record of a kind has a key that begins with `prefix`.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn any(&self, kind: &'static str, prefix: &str) -> Result<bool, AuthStoreError> {
        Ok(!self.list(kind, prefix).await?.is_empty())
    }

    /// The last key of a kind, in the order of bytes.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn last_key(&self, kind: &'static str) -> Result<Option<String>, AuthStoreError> {
        Ok(self.list(kind, "").await?.pop().map(|(key, _)| key))
    }

    /// Makes all the changes or none, in order; durable when this returns. Batches are made in the order in which they
    /// were handed over, and one whose caller has stopped waiting is made all the same.
    ///
    /// # Errors
    /// When the store does not take them.
    async fn apply(&self, changes: Vec<AuthChange>) -> Result<(), AuthStoreError>;

    /// Forgets the records of a kind whose `at_ms` is not 0 and below `before_ms`; answers how many there were.
    ///
    /// # Errors
    /// When the store does not take it.
    async fn delete_older(&self, kind: &'static str, before_ms: i64)
    -> Result<u64, AuthStoreError>;

    /// Forgets everything: the account was unlinked.
    ///
    /// # Errors
    /// When the store does not take it.
    async fn clear(&self) -> Result<(), AuthStoreError>;
}

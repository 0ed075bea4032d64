//! Credentials on loan: who holds a lease that was taken back reads and writes nothing any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use pombo_domain::port::{AuthChange, AuthStore, AuthStoreError};
use tokio::sync::{RwLock, RwLockReadGuard};

/// A client's access to an instance's credentials.
pub(crate) struct Lease {
    store: Arc<dyn AuthStore>,
    /// Whether it still holds. Read during every call, so that taking it back waits for the calls under way.
    holds: RwLock<bool>,
    revoked: AtomicBool,
}

impl Lease {
    pub(crate) fn new(store: Arc<dyn AuthStore>) -> Arc<Self> {
        Arc::new(Self {
            store,
            holds: RwLock::new(true),
            revoked: AtomicBool::new(false),
        })
    }

    /// Takes it back without waiting for calls under way.
    pub(crate) fn revoke(&self) {
        self.revoked.store(true, Ordering::Release);
    }

    /// Takes it back: when this returns, nothing is under way and nothing will be.
    pub(crate) async fn take_back(&self) {
        *self.holds.write().await = false;
    }

    async fn held(&self) -> Result<RwLockReadGuard<'_, bool>, AuthStoreError> {
        let holds = self.holds.read().await;
        if *holds && !self.revoked.load(Ordering::Acquire) {
            Ok(holds)
        } else {
            Err(AuthStoreError("this client has ended".to_owned()))
        }
    }
}

#[async_trait]
impl AuthStore for Lease {
    async fn get(&self, kind: &'static str, key: &str) -> Result<Option<Bytes>, AuthStoreError> {
        let _held = self.held().await?;
        self.store.get(kind, key).await
    }

    async fn get_many(
        &self,
        kind: &'static str,
        keys: &[String],
    ) -> Result<Vec<(String, Bytes)>, AuthStoreError> {
        let _held = self.held().await?;
        self.store.get_many(kind, keys).await
    }

    async fn list(
        &self,
        kind: &'static str,
        prefix: &str,
    ) -> Result<Vec<(String, Bytes)>, AuthStoreError> {
        let _held = self.held().await?;
        self.store.list(kind, prefix).await
    }

    async fn any(&self, kind: &'static str, prefix: &str) -> Result<bool, AuthStoreError> {
        let _held = self.held().await?;
        self.store.any(kind, prefix).await
    }

    async fn last_key(&self, kind: &'static str) -> Result<Option<String>, AuthStoreError> {
        let _held = self.held().await?;
        self.store.last_key(kind).await
    }

    async fn apply(&self, changes: Vec<AuthChange>) -> Result<(), AuthStoreError> {
        let _held = self.held().await?;
        self.store.apply(changes).await
    }

    async fn delete_older(
        &self,
        kind: &'static str,
        before_ms: i64,
    ) -> Result<u64, AuthStoreError> {
        let _held = self.held().await?;
        self.store.delete_older(kind, before_ms).await
    }

    async fn clear(&self) -> Result<(), AuthStoreError> {
        let _held = self.held().await?;
        self.store.clear().await
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Counts what is written.
    #[derive(Default)]
    pub(in super::super) struct Book(Mutex<usize>);

    #[async_trait]
    impl AuthStore for Book {
        async fn get(&self, _: &'static str, _: &str) -> Result<Option<Bytes>, AuthStoreError> {
            Ok(None)
        }

        async fn get_many(
            &self,
            _: &'static str,
            _: &[String],
        ) -> Result<Vec<(String, Bytes)>, AuthStoreError> {
            Ok(Vec::new())
        }

        async fn list(
            &self,
            _: &'static str,
            _: &str,
        ) -> Result<Vec<(String, Bytes)>, AuthStoreError> {
            Ok(Vec::new())
        }

        async fn apply(&self, changes: Vec<AuthChange>) -> Result<(), AuthStoreError> {
            *self.0.lock().expect("not poisoned") += changes.len();
            Ok(())
        }

        async fn delete_older(&self, _: &'static str, _: i64) -> Result<u64, AuthStoreError> {
            Ok(0)
        }

        async fn clear(&self) -> Result<(), AuthStoreError> {
            Ok(())
        }
    }

    fn change() -> Vec<AuthChange> {
        vec![AuthChange::Delete {
            kind: "k",
            key: String::new(),
        }]
    }

    #[tokio::test]
    async fn a_client_that_has_ended_writes_nothing_more() {
        let book = Arc::new(Book::default());
        let first = Lease::new(Arc::clone(&book) as Arc<dyn AuthStore>);
        let second = Lease::new(Arc::clone(&book) as Arc<dyn AuthStore>);
        first.apply(change()).await.expect("held");
        first.take_back().await;
        assert!(first.apply(change()).await.is_err());
        assert!(first.get("k", "").await.is_err());
        second.apply(change()).await.expect("held");
        second.revoke();
        assert!(second.clear().await.is_err());
        assert_eq!(*book.0.lock().expect("not poisoned"), 2);
    }
}

//! A store in memory that remembers what was durable after each batch, and has trouble on request.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use pombo_domain::port::{AuthChange, AuthStore, AuthStoreError};
use tokio::sync::RwLock;

/// Kind and key, value and age.
pub(crate) type Records = BTreeMap<(&'static str, String), (Bytes, i64)>;

pub(crate) struct MemoryAuth {
    /// What was durable after each batch; the last is what is durable now.
    history: Mutex<Vec<Records>>,
    pub(crate) failing: AtomicBool,
    /// No batch is made while a test holds it for writing.
    pub(crate) gate: RwLock<()>,
}

impl Default for MemoryAuth {
    fn default() -> Self {
        Self {
            history: Mutex::new(vec![Records::new()]),
            failing: AtomicBool::new(false),
            gate: RwLock::new(()),
        }
    }
}

impl MemoryAuth {
    pub(crate) fn durable(&self) -> Records {
        self.history.lock().unwrap().last().unwrap().clone()
    }

    pub(crate) fn history(&self) -> Vec<Records> {
        self.history.lock().unwrap().clone()
    }

    /// How many batches were made.
    pub(crate) fn batches(&self) -> usize {
        self.history.lock().unwrap().len() - 1
    }

    fn change(&self, change: impl FnOnce(&mut Records)) -> Result<(), AuthStoreError> {
        if self.failing.load(Ordering::SeqCst) {
            return Err(AuthStoreError("the store is away".to_owned()));
        }
        let mut history = self.history.lock().unwrap();
        let mut records = history.last().unwrap().clone();
        change(&mut records);
        history.push(records);
        Ok(())
    }
}

#[async_trait]
impl AuthStore for MemoryAuth {
    async fn get(&self, kind: &'static str, key: &str) -> Result<Option<Bytes>, AuthStoreError> {
        let records = self.durable();
        Ok(records
            .get(&(kind, key.to_owned()))
            .map(|(value, _)| value.clone()))
    }

    async fn get_many(
        &self,
        kind: &'static str,
        keys: &[String],
    ) -> Result<Vec<(String, Bytes)>, AuthStoreError> {
        let records = self.durable();
        let found = keys.iter().filter_map(|key| {
            let (value, _) = records.get(&(kind, key.clone()))?;
            Some((key.clone(), value.clone()))
        });
        Ok(found.collect())
    }

    async fn list(
        &self,
        kind: &'static str,
        prefix: &str,
    ) -> Result<Vec<(String, Bytes)>, AuthStoreError> {
        let records = self.durable().into_iter();
        Ok(records
            .filter(|((of, key), _)| *of == kind && key.starts_with(prefix))
            .map(|((_, key), (value, _))| (key, value))
            .collect())
    }

    async fn apply(&self, changes: Vec<AuthChange>) -> Result<(), AuthStoreError> {
        drop(self.gate.read().await);
        self.change(|records| {
            for change in changes {
                match change {
                    AuthChange::Put {
                        kind,
                        key,
                        value,
                        at_ms,
                    } => {
                        records.insert((kind, key), (value, at_ms));
                    }
                    AuthChange::Delete { kind, key } => {
                        records.remove(&(kind, key));
                    }
                    AuthChange::DeletePrefix { kind, prefix } => {
                        records.retain(|(of, key), _| *of != kind || !key.starts_with(&prefix));
                    }
                }
            }
        })
    }

    async fn delete_older(
        &self,
        kind: &'static str,
        before_ms: i64,
    ) -> Result<u64, AuthStoreError> {
        let mut deleted = 0;
        self.change(|records| {
            let before = records.len();
            records.retain(|(of, _), (_, at_ms)| *of != kind || *at_ms == 0 || *at_ms >= before_ms);
            deleted = (before - records.len()) as u64;
        })?;
        Ok(deleted)
    }

    async fn clear(&self) -> Result<(), AuthStoreError> {
        self.change(Records::clear)
    }
}

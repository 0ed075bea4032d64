//! Credentials in memory, until their table is there.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use pombo_domain::port::{AuthChange, AuthStore, AuthStoreError};

type Records = BTreeMap<(&'static str, String), (Bytes, i64)>;

/// Forgets everything when the server stops.
#[derive(Debug, Default)]
pub(crate) struct VolatileAuth(Mutex<Records>);

impl VolatileAuth {
    fn records(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl AuthStore for VolatileAuth {
    async fn get(&self, kind: &'static str, key: &str) -> Result<Option<Bytes>, AuthStoreError> {
        Ok(self
            .records()
            .get(&(kind, key.to_owned()))
            .map(|(value, _)| value.clone()))
    }

    async fn get_many(
        &self,
        kind: &'static str,
        keys: &[String],
    ) -> Result<Vec<(String, Bytes)>, AuthStoreError> {
        let records = self.records();
        Ok(keys
            .iter()
            .filter_map(|key| {
                let (value, _) = records.get(&(kind, key.clone()))?;
                Some((key.clone(), value.clone()))
            })
            .collect())
    }

    async fn list(
        &self,
        kind: &'static str,
        prefix: &str,
    ) -> Result<Vec<(String, Bytes)>, AuthStoreError> {
        Ok(self
            .records()
            .iter()
            .filter(|((of, key), _)| *of == kind && key.starts_with(prefix))
            .map(|((_, key), (value, _))| (key.clone(), value.clone()))
            .collect())
    }

    async fn apply(&self, changes: Vec<AuthChange>) -> Result<(), AuthStoreError> {
        let mut records = self.records();
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
            }
        }
        Ok(())
    }

    async fn delete_older(
        &self,
        kind: &'static str,
        before_ms: i64,
    ) -> Result<u64, AuthStoreError> {
        let mut records = self.records();
        let before = records.len();
        records.retain(|(of, _), (_, at_ms)| *of != kind || *at_ms == 0 || *at_ms >= before_ms);
        Ok((before - records.len()) as u64)
    }

    async fn clear(&self) -> Result<(), AuthStoreError> {
        self.records().clear();
        Ok(())
    }
}

//! App state: its keys, and where each collection stands. If the last moment is lost, the library asks for it again.

use std::collections::HashMap;

use async_trait::async_trait;
use bytes::Bytes;
use pombo_domain::port::AuthChange;
use wacore::appstate::hash::HashState;
use wacore::appstate::processor::AppStateMutationMAC;
use wacore::store::error::Result;
use wacore::store::traits::{AppStateSyncKey, AppSyncStore};

use super::key::{self, APP_STATE, LATEST_SYNC_KEY, MUTATION_MAC, SYNC_KEY};
use super::{StoreBackend, decode, delete, encode, put};

#[async_trait]
impl AppSyncStore for StoreBackend {
    async fn get_sync_key(&self, key_id: &[u8]) -> Result<Option<AppStateSyncKey>> {
        let record = self.record(SYNC_KEY, &key::hex(key_id)).await?;
        record.as_deref().map(decode).transpose()
    }

    async fn set_sync_key(&self, key_id: &[u8], key: AppStateSyncKey) -> Result<()> {
        self.soon(vec![
            put(SYNC_KEY, key::hex(key_id), encode(&key)?),
            put(LATEST_SYNC_KEY, "", Bytes::copy_from_slice(key_id)),
        ])
        .await
    }

    async fn get_version(&self, name: &str) -> Result<HashState> {
        match self.record(APP_STATE, name).await? {
            Some(record) => decode(&record),
            None => Ok(HashState::default()),
        }
    }

    async fn set_version(&self, name: &str, state: HashState) -> Result<()> {
        self.soon(vec![put(APP_STATE, name, encode(&state)?)]).await
    }

    async fn put_mutation_macs(
        &self,
        name: &str,
        _version: u64,
        mutations: &[AppStateMutationMAC],
    ) -> Result<()> {
        let puts = mutations.iter().map(|mutation| {
            let key = key::mutation_mac(name, &mutation.index_mac);
            put(
                MUTATION_MAC,
                key,
                Bytes::copy_from_slice(&mutation.value_mac),
            )
        });
        self.soon(puts.collect()).await
    }

    async fn get_mutation_mac(&self, name: &str, index_mac: &[u8]) -> Result<Option<Vec<u8>>> {
        let key = key::mutation_mac(name, index_mac);
        Ok(self.record(MUTATION_MAC, &key).await?.map(Into::into))
    }

    async fn get_mutation_macs(
        &self,
        name: &str,
        index_macs: &[[u8; 32]],
    ) -> Result<HashMap<[u8; 32], Vec<u8>>> {
        let mut asked: HashMap<String, [u8; 32]> = index_macs
            .iter()
            .map(|index_mac| (key::mutation_mac(name, index_mac), *index_mac))
            .collect();
        let keys = asked.keys().cloned().collect();
        let found = self.records(MUTATION_MAC, keys).await?;
        Ok(found
            .into_iter()
            .filter_map(|(key, value_mac)| Some((asked.remove(&key)?, value_mac.into())))
            .collect())
    }

    async fn delete_mutation_macs(&self, name: &str, index_macs: &[Vec<u8>]) -> Result<()> {
        let deletes = index_macs
            .iter()
            .map(|index_mac| delete(MUTATION_MAC, key::mutation_mac(name, index_mac)));
        self.soon(deletes.collect()).await
    }

    async fn clear_mutation_macs(&self, name: &str) -> Result<()> {
        self.soon(vec![AuthChange::DeletePrefix {
            kind: MUTATION_MAC,
            prefix: key::beginning(name),
        }])
        .await
    }

    async fn get_latest_sync_key_id(&self) -> Result<Option<Vec<u8>>> {
        Ok(self.record(LATEST_SYNC_KEY, "").await?.map(Into::into))
    }
}

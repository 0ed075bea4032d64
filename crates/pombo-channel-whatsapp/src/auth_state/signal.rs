//! Signal: identities, sessions, pre-keys, sender keys. Durable when told, since the library sends only what it can
//! account for; except for the removal of used pre-keys, which only has to come after the session that used them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use wacore::store::error::{Result, StoreError};
use wacore::store::traits::SignalStore;

use super::key::{self, IDENTITY, PRE_KEY, SENDER_KEY, SESSION, SIGNED_PRE_KEY};
use super::{StoreBackend, delete, put, refused};

/// The library writes the sessions of all chats from time to time, and does not wait for a message that it has decrypted and
/// not told yet. So long after it looked at the sessions, such a message has been told, and is durable together with them.
const GRACE: Duration = Duration::from_millis(1);

fn id_of(key: &str) -> Result<u32> {
    key.parse()
        .map_err(|_| StoreError::Validation(format!("`{key}` is no number of a pre-key")))
}

#[async_trait]
impl SignalStore for StoreBackend {
    async fn put_identity(&self, address: &str, key: [u8; 32]) -> Result<()> {
        self.durably(vec![put(IDENTITY, address, Bytes::copy_from_slice(&key))])
            .await
    }

    async fn put_identities_batch(&self, identities: &[(Arc<str>, [u8; 32])]) -> Result<()> {
        let puts = identities
            .iter()
            .map(|(address, key)| put(IDENTITY, &**address, Bytes::copy_from_slice(key)));
        self.durably(puts.collect()).await
    }

    async fn load_identity(&self, address: &str) -> Result<Option<[u8; 32]>> {
        let Some(bytes) = self.record(IDENTITY, address).await? else {
            return Ok(None);
        };
        let key = <[u8; 32]>::try_from(&*bytes).map_err(|_| {
            StoreError::Validation(format!("an identity key of {} bytes", bytes.len()))
        })?;
        Ok(Some(key))
    }

    async fn delete_identity(&self, address: &str) -> Result<()> {
        self.durably(vec![delete(IDENTITY, address)]).await
    }

    async fn get_session(&self, address: &str) -> Result<Option<Bytes>> {
        self.record(SESSION, address).await
    }

    async fn put_session(&self, address: &str, session: &[u8]) -> Result<()> {
        self.durably(vec![put(SESSION, address, Bytes::copy_from_slice(session))])
            .await
    }

    async fn put_sessions_batch(&self, sessions: &[(Arc<str>, Bytes)]) -> Result<()> {
        if sessions.is_empty() {
            return Ok(());
        }
        let puts = sessions
            .iter()
            .map(|(address, session)| put(SESSION, &**address, session.clone()));
        tokio::time::sleep(GRACE).await;
        self.durably(puts.collect()).await
    }

    async fn delete_session(&self, address: &str) -> Result<()> {
        self.durably(vec![delete(SESSION, address)]).await
    }

    async fn has_session(&self, address: &str) -> Result<bool> {
        Ok(self.record(SESSION, address).await?.is_some())
    }

    async fn has_signal_state_for_user(&self, user: &str) -> Result<bool> {
        // `user@server`, or `user:device@server`.
        let (phone, companions) = (format!("{user}@"), format!("{user}:"));
        Ok(self.any(SESSION, &phone).await?
            || self.any(SESSION, &companions).await?
            || self.any(IDENTITY, &phone).await?
            || self.any(IDENTITY, &companions).await?)
    }

    async fn store_prekey(&self, id: u32, record: &[u8], _uploaded: bool) -> Result<()> {
        let put = put(PRE_KEY, key::number(id), Bytes::copy_from_slice(record));
        self.durably(vec![put]).await
    }

    async fn store_prekeys_batch(&self, keys: &[(u32, Bytes)], _uploaded: bool) -> Result<()> {
        let puts = keys
            .iter()
            .map(|(id, record)| put(PRE_KEY, key::number(*id), record.clone()));
        self.durably(puts.collect()).await
    }

    async fn load_prekey(&self, id: u32) -> Result<Option<Bytes>> {
        self.record(PRE_KEY, &key::number(id)).await
    }

    async fn load_prekeys_batch(&self, ids: &[u32]) -> Result<Vec<(u32, Bytes)>> {
        let keys = ids.iter().copied().map(key::number).collect();
        let records = self.records(PRE_KEY, keys).await?;
        records
            .into_iter()
            .map(|(key, record)| Ok((id_of(&key)?, record)))
            .collect()
    }

    // Which keys are uploaded is nowhere asked: the library keeps two numbers in the account's record. What matters is that
    // a key that was used meanwhile does not come back.
    async fn mark_prekeys_uploaded(&self, _ids: &[u32]) -> Result<()> {
        Ok(())
    }

    async fn remove_prekey(&self, id: u32) -> Result<()> {
        self.soon(vec![delete(PRE_KEY, key::number(id))]).await
    }

    async fn get_max_prekey_id(&self) -> Result<u32> {
        let last = self.journal.last_key(PRE_KEY).await.map_err(refused)?;
        last.map_or(Ok(0), |key| id_of(&key))
    }

    async fn store_signed_prekey(&self, id: u32, record: &[u8]) -> Result<()> {
        let put = put(
            SIGNED_PRE_KEY,
            key::number(id),
            Bytes::copy_from_slice(record),
        );
        self.durably(vec![put]).await
    }

    async fn load_signed_prekey(&self, id: u32) -> Result<Option<Vec<u8>>> {
        let record = self.record(SIGNED_PRE_KEY, &key::number(id)).await?;
        Ok(record.map(Into::into))
    }

    async fn load_all_signed_prekeys(&self) -> Result<Vec<(u32, Vec<u8>)>> {
        let records = self.list(SIGNED_PRE_KEY).await?;
        records
            .into_iter()
            .map(|(key, record)| Ok((id_of(&key)?, record.into())))
            .collect()
    }

    async fn remove_signed_prekey(&self, id: u32) -> Result<()> {
        self.durably(vec![delete(SIGNED_PRE_KEY, key::number(id))])
            .await
    }

    async fn put_sender_key(&self, address: &str, record: &[u8]) -> Result<()> {
        let put = put(SENDER_KEY, address, Bytes::copy_from_slice(record));
        self.durably(vec![put]).await
    }

    async fn put_sender_keys_batch(&self, sender_keys: &[(Arc<str>, Bytes)]) -> Result<()> {
        if sender_keys.is_empty() {
            return Ok(());
        }
        let puts = sender_keys
            .iter()
            .map(|(address, record)| put(SENDER_KEY, &**address, record.clone()));
        tokio::time::sleep(GRACE).await;
        self.durably(puts.collect()).await
    }

    async fn get_sender_key(&self, address: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.record(SENDER_KEY, address).await?.map(Into::into))
    }

    async fn delete_sender_key(&self, address: &str) -> Result<()> {
        self.durably(vec![delete(SENDER_KEY, address)]).await
    }
}

//! Secrets of messages, with which later votes, edits and reactions are decrypted.

use std::collections::HashMap;

use async_trait::async_trait;
use bytes::Bytes;
use pombo_domain::port::AuthChange;
use wacore::store::error::{Result, StoreError};
use wacore::store::traits::{
    MessageSecret, MsgSecretEntry, MsgSecretStore, merge_msg_secret_expiry,
    merge_msg_secret_message_ts,
};

use super::key::{self, MSG_SECRET};
use super::{StoreBackend, millis, refused};

/// A record: there are many of them, so it is 48 bytes instead of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Secret {
    secret: MessageSecret,
    expires_at: i64,
    message_ts: i64,
}

impl Secret {
    fn encode(self) -> Bytes {
        let mut bytes = Vec::with_capacity(48);
        bytes.extend_from_slice(&self.secret);
        bytes.extend_from_slice(&self.expires_at.to_le_bytes());
        bytes.extend_from_slice(&self.message_ts.to_le_bytes());
        bytes.into()
    }

    fn decode(bytes: &[u8]) -> Result<Self> {
        let parts = bytes.split_first_chunk().and_then(|(secret, rest)| {
            let (expires_at, rest) = rest.split_first_chunk()?;
            Some((secret, expires_at, <&[u8; 8]>::try_from(rest).ok()?))
        });
        let Some((secret, expires_at, message_ts)) = parts else {
            let text = format!("a message secret of {} bytes", bytes.len());
            return Err(StoreError::Validation(text));
        };
        Ok(Self {
            secret: *secret,
            expires_at: i64::from_le_bytes(*expires_at),
            message_ts: i64::from_le_bytes(*message_ts),
        })
    }

    /// The later secret, with the longer of the two lives.
    fn merged_into(self, known: Self) -> Self {
        Self {
            secret: self.secret,
            expires_at: merge_msg_secret_expiry(known.expires_at, self.expires_at),
            message_ts: merge_msg_secret_message_ts(known.message_ts, self.message_ts),
        }
    }
}

#[async_trait]
impl MsgSecretStore for StoreBackend {
    /// Returns when they are durable, without hurrying it: the library gathers the next ones meanwhile, and finds these
    /// in its own buffer.
    async fn put_msg_secrets(&self, entries: Vec<MsgSecretEntry>) -> Result<usize> {
        let stored = entries.len();
        if stored == 0 {
            return Ok(0);
        }
        let version = {
            let _merging = self.merging.lock().await;
            let given: Vec<(String, Secret)> = entries
                .into_iter()
                .map(|entry| {
                    let key = key::joined(&[&entry.chat, &entry.sender, &entry.msg_id]);
                    let secret = Secret {
                        secret: entry.secret,
                        expires_at: entry.expires_at,
                        message_ts: entry.message_ts,
                    };
                    (key, secret)
                })
                .collect();
            let keys = given.iter().map(|(key, _)| key.clone()).collect();
            let mut known = HashMap::new();
            for (key, record) in self.records(MSG_SECRET, keys).await? {
                known.insert(key, Secret::decode(&record)?);
            }
            for (key, secret) in given {
                let merged = known
                    .get(&key)
                    .map_or(secret, |known| secret.merged_into(*known));
                known.insert(key, merged);
            }
            let puts = known.into_iter().map(|(key, secret)| AuthChange::Put {
                kind: MSG_SECRET,
                key,
                value: secret.encode(),
                at_ms: match secret.expires_at {
                    0 => 0,
                    seconds => millis(seconds),
                },
            });
            self.journal.soon(puts.collect()).await.map_err(refused)?
        };
        self.journal.settled(version).await.map_err(refused)?;
        Ok(stored)
    }

    async fn get_msg_secret(
        &self,
        chat: &str,
        sender: &str,
        msg_id: &str,
    ) -> Result<Option<Vec<u8>>> {
        let found = self.get_msg_secret_with_ts(chat, sender, msg_id).await?;
        Ok(found.map(|(secret, _)| secret))
    }

    async fn get_msg_secret_with_ts(
        &self,
        chat: &str,
        sender: &str,
        msg_id: &str,
    ) -> Result<Option<(Vec<u8>, i64)>> {
        let key = key::joined(&[chat, sender, msg_id]);
        let Some(record) = self.record(MSG_SECRET, &key).await? else {
            return Ok(None);
        };
        let secret = Secret::decode(&record)?;
        Ok(Some((secret.secret.to_vec(), secret.message_ts)))
    }

    async fn delete_expired_msg_secrets(&self, cutoff_timestamp: i64) -> Result<u32> {
        // What expires at that very moment goes too.
        self.delete_older(MSG_SECRET, millis(cutoff_timestamp).saturating_add(1))
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_as_they_were_written() {
        let secret = Secret {
            secret: [7; 32],
            expires_at: i64::MAX,
            message_ts: -1,
        };
        let bytes = secret.encode();
        assert_eq!(bytes.len(), 48);
        assert_eq!(Secret::decode(&bytes).ok(), Some(secret));
        assert!(Secret::decode(&bytes[..47]).is_err());
        assert!(Secret::decode(&[0; 49]).is_err());
        assert!(Secret::decode(&[]).is_err());
    }
}

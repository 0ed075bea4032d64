//! What the protocol remembers of others: who has our sender keys, addresses, devices, groups, tokens, and the messages that
//! somebody may ask for again. None of it is waited for; the network has the last moment of all of it, or can do without.
//!
//! Messages on their way to the rules are `inbound`'s.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use bytes::Bytes;
use pombo_domain::port::AuthChange;
use wacore::store::error::Result;
use wacore::store::traits::{
    DeviceListRecord, LidPnMappingEntry, PendingInboundKey, PendingInboundRow, ProtocolStore,
    TcTokenEntry,
};

use super::key::{self, BASE_KEY, DEVICES, GROUP, LID, PHONE, SENDER_KEY_DEVICES, SENT, TC_TOKEN};
use super::{StoreBackend, decode, delete, encode, millis, put};

/// A record that is too old one day: its age is the present.
pub(super) fn put_now(kind: &'static str, key: String, value: &[u8]) -> AuthChange {
    AuthChange::Put {
        kind,
        key,
        value: Bytes::copy_from_slice(value),
        at_ms: millis(wacore::time::now_secs()),
    }
}

impl StoreBackend {
    /// What is to be written so that these mappings are known in both directions.
    async fn lid_changes(&self, entries: &[LidPnMappingEntry]) -> Result<Vec<AuthChange>> {
        let lids = entries.iter().map(|entry| entry.lid.clone()).collect();
        let mut known: HashMap<String, LidPnMappingEntry> = HashMap::new();
        for (lid, record) in self.records(LID, lids).await? {
            known.insert(lid, decode(&record)?);
        }
        let left: Vec<String> = entries
            .iter()
            .filter_map(|entry| known.get(&entry.lid))
            .map(|old| old.phone_number.clone())
            .collect();
        let mut phones: HashMap<String, String> = self
            .records(PHONE, left)
            .await?
            .into_iter()
            .map(|(phone, lid)| (phone, String::from_utf8_lossy(&lid).into_owned()))
            .collect();
        let mut changes = Vec::with_capacity(2 * entries.len());
        for entry in entries {
            let old = known.insert(entry.lid.clone(), entry.clone());
            // The number that it had points here no more; unless it has got another LID meanwhile.
            if let Some(old) = old.filter(|old| old.phone_number != entry.phone_number)
                && phones.get(&old.phone_number) == Some(&entry.lid)
            {
                phones.remove(&old.phone_number);
                changes.push(delete(PHONE, old.phone_number));
            }
            phones.insert(entry.phone_number.clone(), entry.lid.clone());
            changes.push(put(LID, &*entry.lid, encode(entry)?));
            let lid = Bytes::copy_from_slice(entry.lid.as_bytes());
            changes.push(put(PHONE, &*entry.phone_number, lid));
        }
        Ok(changes)
    }

    async fn change_tc_token(
        &self,
        jid: &str,
        change: impl FnOnce(Option<TcTokenEntry>) -> Option<TcTokenEntry> + Send,
    ) -> Result<()> {
        let _merging = self.merging.lock().await;
        let known = self.get_tc_token(jid).await?;
        match change(known) {
            Some(entry) => self.soon(vec![put(TC_TOKEN, jid, encode(&entry)?)]).await,
            None => Ok(()),
        }
    }
}

#[async_trait]
impl ProtocolStore for StoreBackend {
    async fn get_sender_key_devices(&self, group_jid: &str) -> Result<Vec<(String, bool)>> {
        match self.record(SENDER_KEY_DEVICES, group_jid).await? {
            Some(record) => Ok(decode::<BTreeMap<String, bool>>(&record)?
                .into_iter()
                .collect()),
            None => Ok(Vec::new()),
        }
    }

    async fn set_sender_key_status(&self, group_jid: &str, entries: &[(&str, bool)]) -> Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        let _merging = self.merging.lock().await;
        let mut devices: BTreeMap<String, bool> =
            match self.record(SENDER_KEY_DEVICES, group_jid).await? {
                Some(record) => decode(&record)?,
                None => BTreeMap::new(),
            };
        for (device, has_key) in entries {
            devices.insert((*device).to_owned(), *has_key);
        }
        self.soon(vec![put(SENDER_KEY_DEVICES, group_jid, encode(&devices)?)])
            .await
    }

    async fn clear_sender_key_devices(&self, group_jid: &str) -> Result<()> {
        let _merging = self.merging.lock().await;
        self.soon(vec![delete(SENDER_KEY_DEVICES, group_jid)]).await
    }

    async fn delete_sender_key_device_rows(&self, device_jids: &[&str]) -> Result<()> {
        if device_jids.is_empty() {
            return Ok(());
        }
        let _merging = self.merging.lock().await;
        let mut changes = Vec::new();
        for (group, record) in self.list(SENDER_KEY_DEVICES).await? {
            let mut devices: BTreeMap<String, bool> = decode(&record)?;
            let before = devices.len();
            for device in device_jids {
                devices.remove(*device);
            }
            if devices.is_empty() {
                changes.push(delete(SENDER_KEY_DEVICES, group));
            } else if devices.len() < before {
                changes.push(put(SENDER_KEY_DEVICES, group, encode(&devices)?));
            }
        }
        self.soon(changes).await
    }

    async fn clear_all_sender_key_devices(&self) -> Result<()> {
        let _merging = self.merging.lock().await;
        self.soon(vec![AuthChange::DeletePrefix {
            kind: SENDER_KEY_DEVICES,
            prefix: String::new(),
        }])
        .await
    }

    async fn get_lid_mapping(&self, lid: &str) -> Result<Option<LidPnMappingEntry>> {
        let record = self.record(LID, lid).await?;
        record.as_deref().map(decode).transpose()
    }

    async fn get_pn_mapping(&self, phone: &str) -> Result<Option<LidPnMappingEntry>> {
        match self.record(PHONE, phone).await? {
            Some(lid) => self.get_lid_mapping(&String::from_utf8_lossy(&lid)).await,
            None => Ok(None),
        }
    }

    async fn put_lid_mapping(&self, entry: &LidPnMappingEntry) -> Result<()> {
        self.put_lid_mappings(std::slice::from_ref(entry)).await
    }

    async fn put_lid_mappings(&self, entries: &[LidPnMappingEntry]) -> Result<()> {
        let _merging = self.merging.lock().await;
        let changes = self.lid_changes(entries).await?;
        self.soon(changes).await
    }

    async fn get_all_lid_mappings(&self) -> Result<Vec<LidPnMappingEntry>> {
        let records = self.list(LID).await?;
        records.iter().map(|(_, record)| decode(record)).collect()
    }

    async fn save_base_key(&self, address: &str, message_id: &str, base_key: &[u8]) -> Result<()> {
        self.soon(vec![put_now(
            BASE_KEY,
            key::joined(&[address, message_id]),
            base_key,
        )])
        .await
    }

    async fn has_same_base_key(
        &self,
        address: &str,
        message_id: &str,
        current_base_key: &[u8],
    ) -> Result<bool> {
        let key = key::joined(&[address, message_id]);
        let known = self.record(BASE_KEY, &key).await?;
        Ok(known.is_some_and(|known| *known == *current_base_key))
    }

    async fn delete_base_key(&self, address: &str, message_id: &str) -> Result<()> {
        self.soon(vec![delete(BASE_KEY, key::joined(&[address, message_id]))])
            .await
    }

    async fn update_device_list(&self, record: DeviceListRecord) -> Result<()> {
        self.update_device_lists(vec![record]).await
    }

    async fn update_device_lists(&self, records: Vec<DeviceListRecord>) -> Result<()> {
        let puts = records
            .iter()
            .map(|record| Ok(put(DEVICES, &*record.user, encode(record)?)));
        let puts = puts.collect::<Result<_>>()?;
        self.soon(puts).await
    }

    async fn get_devices(&self, user: &str) -> Result<Option<DeviceListRecord>> {
        let record = self.record(DEVICES, user).await?;
        record.as_deref().map(decode).transpose()
    }

    async fn delete_devices(&self, user: &str) -> Result<()> {
        self.soon(vec![delete(DEVICES, user)]).await
    }

    async fn get_group_metadata(&self, group_jid: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.record(GROUP, group_jid).await?.map(Into::into))
    }

    async fn put_group_metadata(&self, group_jid: &str, blob: &[u8]) -> Result<()> {
        self.soon(vec![put(GROUP, group_jid, Bytes::copy_from_slice(blob))])
            .await
    }

    async fn delete_group_metadata(&self, group_jid: &str) -> Result<()> {
        self.soon(vec![delete(GROUP, group_jid)]).await
    }

    async fn get_tc_token(&self, jid: &str) -> Result<Option<TcTokenEntry>> {
        let record = self.record(TC_TOKEN, jid).await?;
        record.as_deref().map(decode).transpose()
    }

    async fn put_tc_token(&self, jid: &str, entry: &TcTokenEntry) -> Result<()> {
        self.change_tc_token(jid, |_| Some(entry.clone())).await
    }

    async fn delete_tc_token(&self, jid: &str) -> Result<()> {
        let _merging = self.merging.lock().await;
        self.soon(vec![delete(TC_TOKEN, jid)]).await
    }

    async fn get_all_tc_token_jids(&self) -> Result<Vec<String>> {
        let records = self.list(TC_TOKEN).await?;
        Ok(records.into_iter().map(|(jid, _)| jid).collect())
    }

    async fn delete_expired_tc_tokens(&self, token_cutoff: i64, sender_cutoff: i64) -> Result<u32> {
        let _merging = self.merging.lock().await;
        let mut deletes = Vec::new();
        for (jid, record) in self.list(TC_TOKEN).await? {
            let entry: TcTokenEntry = decode(&record)?;
            let token_lives = !entry.token.is_empty() && entry.token_timestamp >= token_cutoff;
            let sender_lives = entry.sender_timestamp.is_some_and(|at| at >= sender_cutoff);
            if !token_lives && !sender_lives {
                deletes.push(delete(TC_TOKEN, jid));
            }
        }
        let deleted = u32::try_from(deletes.len()).unwrap_or(u32::MAX);
        self.soon(deletes).await?;
        Ok(deleted)
    }

    async fn touch_tc_token_sender_timestamp(
        &self,
        jid: &str,
        sender_timestamp: i64,
    ) -> Result<()> {
        self.change_tc_token(jid, |known| {
            let mut entry = known.unwrap_or(TcTokenEntry {
                token: Vec::new(),
                token_timestamp: sender_timestamp,
                sender_timestamp: None,
            });
            // Only ever forward.
            entry.sender_timestamp = entry.sender_timestamp.max(Some(sender_timestamp));
            Some(entry)
        })
        .await
    }

    async fn store_received_tc_token(
        &self,
        jid: &str,
        token: &[u8],
        token_timestamp: i64,
    ) -> Result<()> {
        self.change_tc_token(jid, |known| {
            let newer = known.as_ref().is_some_and(|known| {
                !known.token.is_empty() && known.token_timestamp > token_timestamp
            });
            (!newer).then(|| TcTokenEntry {
                token: token.to_vec(),
                token_timestamp,
                sender_timestamp: known.and_then(|known| known.sender_timestamp),
            })
        })
        .await
    }

    async fn store_sent_message(
        &self,
        chat_jid: &str,
        message_id: &str,
        payload: &[u8],
    ) -> Result<()> {
        let key = key::joined(&[chat_jid, message_id]);
        self.soon(vec![put_now(SENT, key, payload)]).await
    }

    async fn take_sent_message(&self, chat_jid: &str, message_id: &str) -> Result<Option<Vec<u8>>> {
        let key = key::joined(&[chat_jid, message_id]);
        let _merging = self.merging.lock().await;
        let Some(payload) = self.record(SENT, &key).await? else {
            return Ok(None);
        };
        self.soon(vec![delete(SENT, key)]).await?;
        Ok(Some(payload.into()))
    }

    async fn delete_expired_sent_messages(&self, cutoff_timestamp: i64) -> Result<u32> {
        let before_ms = millis(cutoff_timestamp);
        // They belong to messages that were asked for again; the library deletes a few of them only.
        self.delete_older(BASE_KEY, before_ms).await?;
        self.delete_older(SENT, before_ms).await
    }

    async fn store_pending_inbound(
        &self,
        chat: &str,
        sender: &str,
        id: &str,
        message: &[u8],
    ) -> Result<()> {
        let row = PendingInboundRow {
            chat,
            sender,
            id,
            message,
        };
        self.write_pending(&[row]).await
    }

    async fn get_pending_inbound(
        &self,
        chat: &str,
        sender: &str,
        id: &str,
    ) -> Result<Option<Vec<u8>>> {
        self.pending(chat, sender, id).await
    }

    async fn delete_pending_inbound(&self, chat: &str, sender: &str, id: &str) -> Result<()> {
        self.mark_taken(&[PendingInboundKey { chat, sender, id }])
            .await
    }

    async fn delete_expired_pending_inbound(&self, cutoff_timestamp: i64) -> Result<u32> {
        self.forget_old(cutoff_timestamp).await
    }

    async fn store_pending_inbound_batch(&self, rows: &[PendingInboundRow<'_>]) -> Result<()> {
        self.write_pending(rows).await
    }

    async fn delete_pending_inbound_batch(&self, keys: &[PendingInboundKey<'_>]) -> Result<()> {
        self.mark_taken(keys).await
    }
}

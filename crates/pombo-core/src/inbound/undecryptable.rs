//! A message that could not be decrypted: announced once, and told as a message when it comes after all.

use std::sync::Arc;

use pombo_domain::channel::Undecryptable;
use pombo_domain::event::EventKind;
use pombo_domain::id::RowId;
use pombo_domain::message::{DeviceSource, Message, MessageStatus};
use pombo_store::{StoreError, Tx, message};
use serde_json::{Value, json};

use super::ignores;
use super::status::StatusNews;
use crate::bus::new_event;
use crate::gateway::Gateway;
use crate::instance::Entry;

/// The `messageType` of the row that keeps the place.
const TYPE: &str = "undecryptable";

impl Gateway {
    /// Tells `messages.update` with the status `ERROR`, and keeps a row, so that the announcement is made once.
    pub(super) async fn accept_undecryptable(
        &self,
        entry: &Arc<Entry>,
        seen: Undecryptable,
    ) -> Result<(), StoreError> {
        let state = entry.state();
        if ignores(&state, &seen.key.remote_jid) {
            return Ok(());
        }
        let now = self.now();
        let row = Arc::new(Message {
            id: RowId::new(now),
            instance_id: state.instance.id.clone(),
            participant: seen.key.participant.clone(),
            key: seen.key,
            push_name: seen.push_name,
            message_type: TYPE.to_owned(),
            message: json!({}),
            context_info: None,
            source: DeviceSource::Unknown,
            timestamp: seen.timestamp,
            status: Some(MessageStatus::Error),
            webhook_url: None,
        });
        let save = self.config.save;
        let mut data = StatusNews::of(&row, MessageStatus::Error, save.messages).data();
        if let Value::Object(members) = &mut data {
            let reason = if seen.unavailable {
                "unavailable"
            } else {
                "undecryptable"
            };
            members.insert("reason".to_owned(), reason.into());
        }
        let told = new_event(&state.instance, EventKind::MessagesUpdate, now, &data);
        self.store
            .write(move |tx| {
                let (row, told) = (Arc::clone(&row), told.clone());
                Box::pin(async move {
                    if !save.messages || message::insert(tx, &row).await? {
                        tx.append_event(told);
                    }
                    Ok(())
                })
            })
            .await
    }
}

/// Puts a message in the place that was kept for it. `false`: nothing was waiting for it.
pub(super) async fn resolve(tx: &mut Tx, message: &Message) -> Result<bool, StoreError> {
    let key = &message.key;
    let found = message::in_tx(tx, &message.instance_id, &key.id, Some(key.from_me)).await?;
    let Some(waiting) = found.filter(|found| found.message_type == TYPE) else {
        return Ok(false);
    };
    let told = Message {
        id: waiting.id,
        ..message.clone()
    };
    message::rewrite(tx, &told).await?;
    Ok(true)
}

//! What the phone tells of the past.

use std::sync::Arc;

use pombo_domain::channel::{HistoryChunk, IncomingMessage};
use pombo_domain::event::EventKind;
use pombo_domain::message::{Message, MessageStatus};
use pombo_store::chat::ChatTouch;
use pombo_store::{StoreError, chat, message};
use serde_json::{Value, json};

use super::ignores;
use super::message::to_message;
use crate::bus::new_event;
use crate::gateway::Gateway;
use crate::instance::Entry;

/// Messages in one event: a chunk can hold thousands.
const MESSAGES: usize = 200;

impl Gateway {
    /// Tells `chats.set`, `messages.set` and `contacts.upsert` / `contacts.update`; each only when there is something in it.
    pub(super) async fn accept_history(
        self: &Arc<Self>,
        entry: &Arc<Entry>,
        chunk: HistoryChunk,
    ) -> Result<(), StoreError> {
        let state = entry.state();
        self.accept_past_chats(entry, &chunk).await?;
        let messages: Vec<IncomingMessage> = chunk
            .messages
            .into_iter()
            .filter(|message| !ignores(&state, &message.key.remote_jid))
            .collect();
        let mut messages = messages.into_iter().peekable();
        while messages.peek().is_some() {
            self.accept_past_messages(entry, messages.by_ref().take(MESSAGES))
                .await?;
        }
        self.accept_contacts(entry, chunk.contacts).await
    }

    async fn accept_past_chats(
        &self,
        entry: &Arc<Entry>,
        chunk: &HistoryChunk,
    ) -> Result<(), StoreError> {
        let state = entry.state();
        let (instance, save, now) = (Arc::clone(&state.instance), self.config.save, self.now());
        let chats: Vec<_> = chunk
            .chats
            .iter()
            .filter(|chat| !ignores(&state, &chat.jid))
            .cloned()
            .collect();
        if chats.is_empty() {
            return Ok(());
        }
        let chats = Arc::new(chats);
        self.store
            .write(move |tx| {
                let (instance, chats) = (Arc::clone(&instance), Arc::clone(&chats));
                Box::pin(async move {
                    let existed = if save.chats && save.history {
                        let touches: Vec<_> = chats
                            .iter()
                            .map(|chat| ChatTouch {
                                instance_id: &instance.id,
                                remote_jid: &chat.jid,
                                message: None,
                                unread_add: 0,
                                name: chat.name.as_deref(),
                                now,
                            })
                            .collect();
                        let existed = chat::touch_all(tx, &touches).await?;
                        for chat in chats.iter() {
                            if let Some(unread) = chat.unread {
                                chat::set_unread(tx, &instance.id, &chat.jid, i64::from(unread), now).await?;
                            }
                        }
                        existed
                    } else {
                        vec![false; chats.len()]
                    };
                    let new: Vec<Value> = chats
                        .iter()
                        .zip(existed)
                        .filter(|(_, existed)| !existed)
                        .map(|(chat, _)| json!({"remoteJid": chat.jid, "instanceId": instance.id, "name": chat.name}))
                        .collect();
                    if !new.is_empty() {
                        tx.append_event(new_event(&instance, EventKind::ChatsSet, now, &new));
                    }
                    Ok(())
                })
            })
            .await
    }

    async fn accept_past_messages(
        &self,
        entry: &Arc<Entry>,
        messages: impl Iterator<Item = IncomingMessage>,
    ) -> Result<(), StoreError> {
        let instance = Arc::clone(&entry.state().instance);
        let (save, now) = (self.config.save, self.now());
        let rows: Vec<Message> = messages
            .map(|mut message| {
                // Compatible: what the phone says nothing of has been delivered.
                message.status = message.status.or(Some(MessageStatus::DeliveryAck));
                if message.key.from_me {
                    message.push_name = Some(self.config.own_name.clone());
                }
                to_message(&instance, message, now)
            })
            .collect();
        let rows = Arc::new(rows);
        self.store
            .write(move |tx| {
                let (instance, rows) = (Arc::clone(&instance), Arc::clone(&rows));
                Box::pin(async move {
                    let new = if save.messages && save.history {
                        let new = message::insert_all(tx, &rows).await?;
                        if save.chats {
                            let touches: Vec<_> = rows
                                .iter()
                                .zip(&new)
                                .filter(|(_, new)| **new)
                                .map(|(row, _)| ChatTouch {
                                    instance_id: &instance.id,
                                    remote_jid: &row.key.remote_jid,
                                    message: Some(row),
                                    unread_add: 0,
                                    name: None,
                                    now,
                                })
                                .collect();
                            chat::touch_all(tx, &touches).await?;
                        }
                        new
                    } else {
                        vec![true; rows.len()]
                    };
                    // Compatible: what is known already is not told again.
                    let told: Vec<_> = rows
                        .iter()
                        .zip(new)
                        .filter(|(_, new)| *new)
                        .map(|(row, _)| row.record())
                        .collect();
                    if !told.is_empty() {
                        tx.append_event(new_event(&instance, EventKind::MessagesSet, now, &told));
                    }
                    Ok(())
                })
            })
            .await
    }
}

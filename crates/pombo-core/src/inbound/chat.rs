//! Chats that changed on another device of the account.

use std::sync::Arc;

use pombo_domain::channel::{ChatChange, ChatNews};
use pombo_domain::event::EventKind;
use pombo_domain::message::MessageStatus;
use pombo_store::{StoreError, chat, message};
use serde_json::{Map, Value, json};

use super::ignores;
use crate::bus::new_event;
use crate::gateway::Gateway;
use crate::instance::Entry;

impl Gateway {
    /// Tells `chats.update` with what changed, `chats.delete`, or `messages.delete`.
    pub(super) async fn accept_chat(
        &self,
        entry: &Arc<Entry>,
        news: ChatNews,
    ) -> Result<(), StoreError> {
        let state = entry.state();
        if ignores(&state, &news.jid) {
            return Ok(());
        }
        let (instance, now) = (Arc::clone(&state.instance), self.now());
        let news = Arc::new(news);
        self.store
            .write(move |tx| {
                let (instance, news) = (Arc::clone(&instance), Arc::clone(&news));
                Box::pin(async move {
                    let (id, jid) = (&instance.id, news.jid.as_str());
                    let mut what = Map::new();
                    what.insert("remoteJid".to_owned(), jid.into());
                    what.insert("instanceId".to_owned(), id.as_str().into());
                    match &news.change {
                        ChatChange::Archived(archived) => {
                            what.insert("archived".to_owned(), (*archived).into());
                        }
                        ChatChange::Pinned(pinned) => {
                            what.insert("pinned".to_owned(), (*pinned).into());
                        }
                        ChatChange::Muted(until) => {
                            what.insert("mutedUntil".to_owned(), json!(until));
                        }
                        ChatChange::Ephemeral(seconds) => {
                            what.insert("ephemeralExpiration".to_owned(), (*seconds).into());
                        }
                        ChatChange::Read(until) => {
                            let until = until.unwrap_or_else(|| now.seconds());
                            message::read_up_to(tx, id, jid, until).await?;
                            let unread = message::unread(tx, id, jid, until).await?;
                            chat::set_unread(tx, id, jid, unread, now).await?;
                            what.insert("unreadMessages".to_owned(), unread.into());
                        }
                        ChatChange::Unread => {
                            chat::set_unread(tx, id, jid, 1, now).await?;
                            what.insert("unreadMessages".to_owned(), 1.into());
                        }
                        ChatChange::Cleared => {
                            chat::set_unread(tx, id, jid, 0, now).await?;
                            what.insert("cleared".to_owned(), true.into());
                        }
                        ChatChange::Deleted => {
                            chat::set_unread(tx, id, jid, 0, now).await?;
                            let gone = new_event(&instance, EventKind::ChatsDelete, now, &[jid]);
                            tx.append_event(gone);
                            return Ok(());
                        }
                        ChatChange::MessageDeleted(key) => {
                            let found = message::in_tx(tx, id, &key.id, Some(key.from_me)).await?;
                            if let Some(mut found) = found {
                                message::advance(tx, &mut found, MessageStatus::Deleted).await?;
                            }
                            let gone = new_event(&instance, EventKind::MessagesDelete, now, key);
                            tx.append_event(gone);
                            return Ok(());
                        }
                        ChatChange::Starred(key, starred) => {
                            let star = json!({"key": key, "starred": starred});
                            what.insert("message".to_owned(), star);
                        }
                    }
                    let told = [Value::Object(what)];
                    tx.append_event(new_event(&instance, EventKind::ChatsUpdate, now, &told));
                    Ok(())
                })
            })
            .await
    }
}

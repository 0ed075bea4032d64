//! A message came in.

use std::sync::Arc;
use std::time::Duration;

use pombo_domain::channel::IncomingMessage;
use pombo_domain::clock::Timestamp;
use pombo_domain::event::{EventKind, NewEvent};
use pombo_domain::id::RowId;
use pombo_domain::instance::{ChannelKind, Instance};
use pombo_domain::jid;
use pombo_domain::message::{Message, MessageKey};
use pombo_domain::subscription::TransportKind;
use pombo_store::chat::ChatTouch;
use pombo_store::contact::NewContact;
use pombo_store::{StoreError, Tx, chat, contact, message};
use serde::Serialize;
use serde_json::{Value, json};
use tracing::{debug, warn};

use super::{ignores, undecryptable};
use crate::bus::new_event;
use crate::config::SaveSwitches;
use crate::file;
use crate::gateway::Gateway;
use crate::instance::{Entry, InstanceState};

/// How long a message waits for its file, when a webhook asked for files.
const FILE_PATIENCE: Duration = Duration::from_secs(30);
/// The kinds of message that have a file.
const FILES: [&str; 7] = [
    "imageMessage",
    "videoMessage",
    "stickerMessage",
    "documentMessage",
    "documentWithCaptionMessage",
    "ptvMessage",
    "audioMessage",
];

/// `{remoteJid, pushName?, instanceId, profilePicUrl?}`. Source: observed on the original, v2.3.6.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ContactData<'a> {
    remote_jid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    push_name: Option<&'a str>,
    instance_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile_pic_url: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChatData<'a> {
    remote_jid: &'a str,
    instance_id: &'a str,
}

/// Everything the transaction needs, made once.
struct Plan {
    message: Message,
    profile_pic_url: Option<String>,
    /// Whose name and picture came with the message; `None`: the account's own.
    contact: Option<String>,
    upsert: NewEvent,
    contact_update: NewEvent,
    contact_upsert: NewEvent,
    chat_update: NewEvent,
    chat_upsert: NewEvent,
}

impl Gateway {
    pub(super) async fn accept_message(
        self: &Arc<Self>,
        entry: &Arc<Entry>,
        incoming: IncomingMessage,
    ) -> Result<(), StoreError> {
        let state = entry.state();
        if ignores(&state, &incoming.key.remote_jid) {
            debug!(instance = %state.instance.name, "ignored a group message, as the settings ask");
            return Ok(());
        }
        let key = incoming.key.clone();
        let over_http = state.instance.channel != ChannelKind::Whatsapp;
        let shown = self.with_file(entry, &incoming).await;
        let plan = Arc::new(self.plan(&state, incoming, shown));
        let (now, save) = (self.now(), self.config.save);
        let new = self
            .store
            .write(move |tx| {
                let plan = Arc::clone(&plan);
                Box::pin(async move {
                    let message = &plan.message;
                    if save.messages && !message::insert(tx, message).await? {
                        // Offered again after a lost answer, it is stored and told already; unless what is stored is
                        // that it could not be decrypted.
                        if over_http || !undecryptable::resolve(tx, message).await? {
                            return Ok(false);
                        }
                    }
                    if over_http {
                        plan.tell_as_http_channel(tx, save, now).await?;
                    } else {
                        plan.tell_as_whatsapp(tx, save, now).await?;
                    }
                    Ok(true)
                })
            })
            .await?;
        if new {
            self.react(entry, &state, key);
        }
        Ok(())
    }

    /// Reads the message where the settings ask for it.
    fn react(self: &Arc<Self>, entry: &Arc<Entry>, state: &InstanceState, key: MessageKey) {
        let Some(row) = &state.settings else { return };
        let wanted = if key.remote_jid == jid::STATUS {
            row.settings.read_status
        } else {
            row.settings.read_messages
        };
        let Some(channel) = entry.channel.clone() else {
            return;
        };
        if !wanted || key.from_me || channel.messages().is_none() {
            return;
        }
        self.afterwards(entry, "mark a message as read", async move {
            match channel.messages() {
                Some(messages) => messages.mark_read(&[key]).await,
                None => Ok(()),
            }
        });
    }

    /// The content with its file in `base64`, when a webhook asked for files; `None`: as it is.
    async fn with_file(&self, entry: &Arc<Entry>, incoming: &IncomingMessage) -> Option<Value> {
        if !wants_files(&entry.state()) {
            return None;
        }
        let messages = entry.channel.as_ref()?.messages()?;
        let kind = incoming
            .message_type
            .clone()
            .unwrap_or_else(|| type_of(&incoming.message));
        if !FILES.contains(&kind.as_str()) {
            return None;
        }
        let download = messages.download(&incoming.key, &incoming.message, FILE_PATIENCE);
        let base64 = match tokio::time::timeout(FILE_PATIENCE, download).await {
            Ok(Ok(download)) => file::base64(&download.file, file::LARGEST_IN_EVENT).await,
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("it took too long".to_owned()),
        };
        match base64 {
            Ok(base64) => {
                let mut shown = incoming.message.clone();
                shown
                    .as_object_mut()?
                    .insert("base64".to_owned(), base64.into());
                Some(shown)
            }
            // Compatible: told without the file.
            Err(error) => {
                warn!(instance = %entry.state().instance.name, "told a message without its file: {error}");
                None
            }
        }
    }

    /// `shown`: the content that the event has, when it differs from what is stored.
    fn plan(&self, state: &InstanceState, incoming: IncomingMessage, shown: Option<Value>) -> Plan {
        let now = self.now();
        let instance = &state.instance;
        let profile_pic_url = incoming.profile_pic_url.clone();
        let mut message = to_message(instance, incoming, now);
        let over_http = instance.channel != ChannelKind::Whatsapp;
        let contact = if over_http {
            Some(message.key.remote_jid.clone())
        } else if message.key.from_me {
            None
        } else {
            let sender = message.key.participant.clone();
            let sender = sender.filter(|participant| !participant.is_empty());
            Some(sender.unwrap_or_else(|| message.key.remote_jid.clone()))
        };
        let contact_data = ContactData {
            remote_jid: contact.as_deref().unwrap_or(&message.key.remote_jid),
            push_name: message.push_name.as_deref(),
            instance_id: instance.id.as_str(),
            profile_pic_url: profile_pic_url.as_deref(),
        };
        let chat = ChatData {
            remote_jid: &message.key.remote_jid,
            instance_id: instance.id.as_str(),
        };
        let (chat_update, chat_upsert) = if over_http {
            (
                new_event(instance, EventKind::ChatsUpdate, now, &chat),
                new_event(instance, EventKind::ChatsUpsert, now, &chat),
            )
        } else {
            let new = json!([{
                "remoteJid": message.key.remote_jid,
                "instanceId": instance.id,
                "unreadMessages": i64::from(!message.key.from_me),
            }]);
            (
                new_event(instance, EventKind::ChatsUpdate, now, &[&chat]),
                new_event(instance, EventKind::ChatsUpsert, now, &new),
            )
        };
        let contact_update = new_event(instance, EventKind::ContactsUpdate, now, &contact_data);
        let contact_upsert = new_event(instance, EventKind::ContactsUpsert, now, &contact_data);
        let stored = shown.map(|shown| std::mem::replace(&mut message.message, shown));
        let upsert = new_event(instance, EventKind::MessagesUpsert, now, &message.record());
        if let Some(stored) = stored {
            message.message = stored;
        }
        Plan {
            upsert,
            contact_update,
            contact_upsert,
            chat_update,
            chat_upsert,
            profile_pic_url,
            contact,
            message,
        }
    }
}

impl Plan {
    fn new_contact(&self, now: Timestamp) -> Option<NewContact<'_>> {
        let message = &self.message;
        Some(NewContact {
            instance_id: &message.instance_id,
            remote_jid: self.contact.as_deref()?,
            push_name: message.push_name.as_deref(),
            profile_pic_url: self.profile_pic_url.as_deref(),
            now,
        })
    }

    fn touch(&self, save: SaveSwitches, now: Timestamp) -> ChatTouch<'_> {
        let message = &self.message;
        ChatTouch {
            instance_id: &message.instance_id,
            remote_jid: &message.key.remote_jid,
            message: save.messages.then_some(message),
            unread_add: i64::from(!message.key.from_me),
            name: None,
            now,
        }
    }

    /// Compatible: the HTTP channel tells contact and chat after the message, each as one object.
    async fn tell_as_http_channel(
        &self,
        tx: &mut Tx,
        save: SaveSwitches,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        tx.append_event(self.upsert.clone());
        if let Some(contact) = self.new_contact(now).filter(|_| save.contacts) {
            contact::upsert(tx, &contact).await?;
        }
        tx.append_event(self.contact_upsert.clone());
        let mut existed = false;
        if save.chats {
            existed = chat::touch(tx, &self.touch(save, now)).await?;
        }
        if existed {
            tx.append_event(self.chat_update.clone());
        }
        tx.append_event(self.chat_upsert.clone());
        Ok(())
    }

    /// The chat in a list before the message, the contact after it. Source: observed on the original, v2.3.6.
    async fn tell_as_whatsapp(
        &self,
        tx: &mut Tx,
        save: SaveSwitches,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut chat_existed = true;
        if save.chats {
            let mut touch = self.touch(save, now);
            // A chat with one person is called as they call themselves.
            if self.contact.as_deref() == Some(touch.remote_jid) {
                touch.name = self.message.push_name.as_deref();
            }
            chat_existed = chat::touch(tx, &touch).await?;
        }
        tx.append_event(if chat_existed {
            self.chat_update.clone()
        } else {
            self.chat_upsert.clone()
        });
        tx.append_event(self.upsert.clone());
        if let Some(contact) = self.new_contact(now) {
            let existed = save.contacts && contact::upsert(tx, &contact).await?;
            tx.append_event(if existed {
                self.contact_update.clone()
            } else {
                self.contact_upsert.clone()
            });
        }
        Ok(())
    }
}

/// A message as it is stored.
pub(super) fn to_message(
    instance: &Instance,
    incoming: IncomingMessage,
    now: Timestamp,
) -> Message {
    let message_type = incoming
        .message_type
        .unwrap_or_else(|| type_of(&incoming.message));
    Message {
        id: RowId::new(now),
        instance_id: instance.id.clone(),
        // Compatible: the key of a message between two people names nobody by an empty text, its row by nothing.
        participant: incoming
            .key
            .participant
            .clone()
            .filter(|jid| !jid.is_empty()),
        key: incoming.key,
        push_name: incoming.push_name,
        message_type,
        message: incoming.message,
        context_info: incoming.context_info,
        source: incoming.source,
        timestamp: incoming.timestamp.unwrap_or_else(|| now.seconds()),
        status: incoming.status,
        webhook_url: None,
    }
}

/// Whether an enabled webhook of the instance asked for files in its events.
pub(crate) fn wants_files(state: &InstanceState) -> bool {
    state
        .subscriptions
        .get(&TransportKind::Webhook)
        .is_some_and(|subscription| subscription.wants_files())
}

/// The member of a message's content that counts: the first that is not mere context.
fn type_of(message: &Value) -> String {
    let members = message.as_object().into_iter().flatten();
    let first = members
        .map(|(name, _)| name.as_str())
        .find(|name| *name != "messageContextInfo");
    first.unwrap_or("unknown").to_owned()
}

#[cfg(test)]
mod tests {
    use super::type_of;
    use serde_json::json;

    #[test]
    fn the_type_is_the_first_member_that_is_content() {
        assert_eq!(
            type_of(&json!({"messageContextInfo": {}, "imageMessage": {}})),
            "imageMessage"
        );
        assert_eq!(type_of(&json!("text")), "unknown");
    }
}

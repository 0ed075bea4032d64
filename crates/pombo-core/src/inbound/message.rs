//! A message came in.

use std::sync::Arc;

use pombo_domain::channel::IncomingMessage;
use pombo_domain::event::{EventKind, NewEvent};
use pombo_domain::id::RowId;
use pombo_domain::jid;
use pombo_domain::message::Message;
use pombo_store::chat::ChatTouch;
use pombo_store::contact::NewContact;
use pombo_store::{StoreError, chat, contact, message};
use serde::Serialize;
use serde_json::Value;
use tracing::debug;

use crate::bus::new_event;
use crate::gateway::Gateway;
use crate::instance::{Entry, InstanceState};

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
struct ChatData<'a> {
    remote_jid: &'a str,
    instance_id: &'a str,
}

/// Everything the transaction needs, made once.
struct Plan {
    message: Message,
    profile_pic_url: Option<String>,
    upsert: NewEvent,
    contact: NewEvent,
    chat_update: NewEvent,
    chat_upsert: NewEvent,
}

impl Gateway {
    pub(super) async fn accept_message(
        &self,
        entry: &Arc<Entry>,
        incoming: IncomingMessage,
    ) -> Result<(), StoreError> {
        let state = entry.state();
        if ignored(&state, &incoming) {
            debug!(instance = %state.instance.name, "ignored a group message, as the settings ask");
            return Ok(());
        }
        let plan = Arc::new(self.plan(&state, incoming));
        let (now, save) = (self.now(), self.config.save);
        self.store
            .write(move |tx| {
                let plan = Arc::clone(&plan);
                Box::pin(async move {
                    let message = &plan.message;
                    if save.messages && !message::insert(tx, message).await? {
                        // Offered again after a lost answer: it is stored and told already.
                        return Ok(());
                    }
                    tx.append_event(plan.upsert.clone());
                    if save.contacts {
                        let contact = NewContact {
                            instance_id: &message.instance_id,
                            remote_jid: &message.key.remote_jid,
                            push_name: message.push_name.as_deref(),
                            profile_pic_url: plan.profile_pic_url.as_deref(),
                            now,
                        };
                        contact::upsert(tx, &contact).await?;
                    }
                    tx.append_event(plan.contact.clone());
                    let mut existed = false;
                    if save.chats {
                        let touch = ChatTouch {
                            instance_id: &message.instance_id,
                            remote_jid: &message.key.remote_jid,
                            message: save.messages.then_some(message),
                            unread_add: i64::from(!message.key.from_me),
                            name: None,
                            now,
                        };
                        existed = chat::touch(tx, &touch).await?;
                    }
                    if existed {
                        tx.append_event(plan.chat_update.clone());
                    }
                    tx.append_event(plan.chat_upsert.clone());
                    Ok(())
                })
            })
            .await
    }

    fn plan(&self, state: &InstanceState, incoming: IncomingMessage) -> Plan {
        let now = self.now();
        let instance = &state.instance;
        let message_type = incoming
            .message_type
            .unwrap_or_else(|| type_of(&incoming.message));
        let message = Message {
            id: RowId::new(now),
            instance_id: instance.id.clone(),
            participant: incoming.key.participant.clone(),
            key: incoming.key,
            push_name: incoming.push_name,
            message_type,
            message: incoming.message,
            context_info: incoming.context_info,
            source: incoming.source,
            timestamp: incoming.timestamp.unwrap_or_else(|| now.seconds()),
            status: None,
            webhook_url: None,
        };
        let contact = ContactData {
            remote_jid: &message.key.remote_jid,
            push_name: message.push_name.as_deref(),
            instance_id: instance.id.as_str(),
            profile_pic_url: incoming.profile_pic_url.as_deref(),
        };
        let chat = ChatData {
            remote_jid: &message.key.remote_jid,
            instance_id: instance.id.as_str(),
        };
        Plan {
            upsert: new_event(instance, EventKind::MessagesUpsert, now, &message.record()),
            contact: new_event(instance, EventKind::ContactsUpsert, now, &contact),
            chat_update: new_event(instance, EventKind::ChatsUpdate, now, &chat),
            chat_upsert: new_event(instance, EventKind::ChatsUpsert, now, &chat),
            profile_pic_url: incoming.profile_pic_url,
            message,
        }
    }
}

/// Whether the instance's settings say to ignore the message.
fn ignored(state: &InstanceState, incoming: &IncomingMessage) -> bool {
    let groups_ignore = state
        .settings
        .as_ref()
        .is_some_and(|row| row.settings.groups_ignore);
    groups_ignore && jid::is_group(&incoming.key.remote_jid)
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

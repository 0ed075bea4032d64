//! Messages that are edited or deleted after they came.

use std::sync::Arc;

use pombo_domain::channel::{Edit, Revocation};
use pombo_domain::event::EventKind;
use pombo_domain::message::{Message, MessageKey, MessageStatus};
use pombo_store::{StoreError, message, message_update};
use serde_json::Value;
use tracing::warn;

use super::ignores;
use super::status::step;
use crate::bus::new_event;
use crate::gateway::Gateway;
use crate::instance::Entry;

impl Gateway {
    pub(super) async fn accept_edit(
        &self,
        entry: &Arc<Entry>,
        edit: Edit,
    ) -> Result<(), StoreError> {
        let state = entry.state();
        if ignores(&state, &edit.target.remote_jid) {
            return Ok(());
        }
        let (instance, save, now) = (Arc::clone(&state.instance), self.config.save, self.now());
        let told = new_event(&instance, EventKind::MessagesEdited, now, &edit.protocol);
        let edit = Arc::new(edit);
        self.store
            .write(move |tx| {
                let (instance, edit, told) =
                    (Arc::clone(&instance), Arc::clone(&edit), told.clone());
                Box::pin(async move {
                    let key = &edit.target;
                    let found =
                        message::in_tx(tx, &instance.id, &key.id, Some(key.from_me)).await?;
                    if let Some(mut found) = found {
                        if !same_author(&found, key) {
                            warn!(instance = %instance.name, "somebody tried to edit a message of somebody else");
                            return Ok(());
                        }
                        if found.status == Some(MessageStatus::Deleted) {
                            return Ok(());
                        }
                        let content = merged(&found.message, &edit.content);
                        // Offered again: it is told already.
                        if found.message == content {
                            return Ok(());
                        }
                        found.message = content;
                        found.status = Some(MessageStatus::Edited);
                        message::rewrite(tx, &found).await?;
                        if save.message_updates {
                            let by = key.participant.as_deref();
                            let step = step(&found, MessageStatus::Edited, by, now);
                            message_update::insert(tx, &step).await?;
                        }
                    }
                    tx.append_event(told);
                    Ok(())
                })
            })
            .await
    }

    pub(super) async fn accept_revocation(
        &self,
        entry: &Arc<Entry>,
        revocation: Revocation,
    ) -> Result<(), StoreError> {
        let state = entry.state();
        if ignores(&state, &revocation.target.remote_jid) {
            return Ok(());
        }
        let (instance, save, now) = (Arc::clone(&state.instance), self.config.save, self.now());
        let told = new_event(
            &instance,
            EventKind::MessagesDelete,
            now,
            &revocation.target,
        );
        let revocation = Arc::new(revocation);
        self.store
            .write(move |tx| {
                let (instance, revocation, told) =
                    (Arc::clone(&instance), Arc::clone(&revocation), told.clone());
                Box::pin(async move {
                    let key = &revocation.target;
                    let found =
                        message::in_tx(tx, &instance.id, &key.id, Some(key.from_me)).await?;
                    if let Some(mut found) = found {
                        // Offered again: it is told already.
                        if !message::advance(tx, &mut found, MessageStatus::Deleted).await? {
                            return Ok(());
                        }
                        if save.message_updates {
                            let by = revocation.by.as_deref();
                            let step = step(&found, MessageStatus::Deleted, by, now);
                            message_update::insert(tx, &step).await?;
                        }
                    }
                    tx.append_event(told);
                    Ok(())
                })
            })
            .await
    }
}

/// The new content of an edited message. Some programs send a caption alone: the file stays what it was.
fn merged(stored: &Value, edited: &Value) -> Value {
    let mut content = edited.clone();
    let Some(members) = content.as_object_mut() else {
        return content;
    };
    for kind in ["imageMessage", "videoMessage", "documentMessage"] {
        let (Some(new), Some(old)) = (
            members.get_mut(kind).and_then(Value::as_object_mut),
            stored.get(kind).and_then(Value::as_object),
        ) else {
            continue;
        };
        if new.contains_key("mediaKey") || new.contains_key("directPath") {
            continue;
        }
        let mut whole = old.clone();
        for (name, value) in std::mem::take(new) {
            // Lists are shown although nobody sent them.
            if value.as_array().is_none_or(|list| !list.is_empty()) {
                whole.insert(name, value);
            }
        }
        *new = whole;
    }
    content
}

/// Whether the key names the author of the stored message; an author may be known under a number and a LID.
fn same_author(stored: &Message, key: &MessageKey) -> bool {
    if stored.key.from_me != key.from_me {
        return false;
    }
    let given = |participant: &Option<String>| participant.clone().filter(|jid| !jid.is_empty());
    let (Some(stored_author), Some(author)) =
        (given(&stored.key.participant), given(&key.participant))
    else {
        return true;
    };
    let alt = |key: &MessageKey| {
        key.more
            .get("participantAlt")
            .and_then(|alt| alt.as_str().map(str::to_owned))
    };
    stored_author == author
        || alt(&stored.key).as_deref() == Some(author.as_str())
        || alt(key).as_deref() == Some(stored_author.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use pombo_domain::id::RowId;
    use pombo_domain::message::DeviceSource;
    use serde_json::json;

    fn key(participant: Option<&str>, alt: Option<&str>) -> MessageKey {
        let mut key = MessageKey::new("K", "1@g.us", false);
        key.participant = participant.map(str::to_owned);
        if let Some(alt) = alt {
            key.more.insert("participantAlt".to_owned(), alt.into());
        }
        key
    }

    fn message(key: MessageKey) -> Message {
        Message {
            id: RowId::from("r".to_owned()),
            instance_id: "i".into(),
            participant: None,
            key,
            push_name: None,
            message_type: "conversation".to_owned(),
            message: json!({}),
            context_info: None,
            source: DeviceSource::Web,
            timestamp: 0,
            status: None,
            webhook_url: None,
        }
    }

    #[test]
    fn a_caption_alone_leaves_the_file_where_it_is() {
        let stored =
            json!({"imageMessage": {"directPath": "/v/x", "mediaKey": {"0": 1}, "caption": "old"}});
        let caption = json!({"imageMessage": {"annotations": [], "caption": "new"}});
        assert_eq!(
            merged(&stored, &caption),
            json!({"imageMessage": {"directPath": "/v/x", "mediaKey": {"0": 1}, "caption": "new"}})
        );
        let whole = json!({"imageMessage": {"directPath": "/v/y", "caption": "new"}});
        assert_eq!(merged(&stored, &whole), whole);
        let text = json!({"conversation": "new"});
        assert_eq!(merged(&stored, &text), text);
    }

    #[test]
    fn only_the_author_edits() {
        let stored = message(key(Some("1@lid"), Some("55@s.whatsapp.net")));
        assert!(same_author(&stored, &key(Some("1@lid"), None)));
        assert!(same_author(&stored, &key(Some("55@s.whatsapp.net"), None)));
        assert!(same_author(&stored, &key(Some("9@lid"), Some("1@lid"))));
        assert!(!same_author(&stored, &key(Some("2@lid"), None)));
        let mut mine = key(Some("1@lid"), None);
        mine.from_me = true;
        assert!(!same_author(&stored, &mine));
        assert!(same_author(&message(key(Some(""), None)), &key(None, None)));
    }
}

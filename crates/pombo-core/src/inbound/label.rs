//! Labels, and the chats that have them.

use std::sync::Arc;

use pombo_domain::channel::LabelNews;
use pombo_domain::event::EventKind;
use pombo_domain::label::Label;
use pombo_store::chat::ChatTouch;
use pombo_store::{StoreError, chat, label};
use serde_json::{Map, Value, json};

use crate::bus::new_event;
use crate::gateway::Gateway;
use crate::instance::Entry;

impl Gateway {
    /// Tells `labels.edit` or `labels.association`.
    pub(super) async fn accept_label(
        &self,
        entry: &Arc<Entry>,
        news: LabelNews,
    ) -> Result<(), StoreError> {
        let instance = Arc::clone(&entry.state().instance);
        let (save, now, news) = (self.config.save, self.now(), Arc::new(news));
        self.store
            .write(move |tx| {
                let (instance, news) = (Arc::clone(&instance), Arc::clone(&news));
                Box::pin(async move {
                    let association = |kind: &str, chat: &str, label: &str| json!({
                        "instance": instance.name, "type": kind, "chatId": chat, "labelId": label,
                    });
                    let (kind, data) = match &*news {
                        LabelNews::Edited(edited, deleted) => {
                            if *deleted {
                                label::delete(tx, &instance.id, &edited.id).await?;
                            } else if save.labels {
                                label::upsert(tx, &instance.id, edited, now).await?;
                            }
                            let name = instance.name.as_str();
                            (EventKind::LabelsEdit, edit(edited, *deleted, name))
                        }
                        LabelNews::Chat { label, jid, labeled } => {
                            if save.chats {
                                // A chat may get a label before its first message.
                                let touch = ChatTouch {
                                    instance_id: &instance.id,
                                    remote_jid: jid,
                                    message: None,
                                    unread_add: 0,
                                    name: None,
                                    now,
                                };
                                chat::touch(tx, &touch).await?;
                                chat::set_label(tx, &instance.id, jid, label, *labeled, now).await?;
                            }
                            (EventKind::LabelsAssociation, association(verb(*labeled), jid, label))
                        }
                        LabelNews::Message { label, jid, id, labeled } => {
                            let mut data = association(verb(*labeled), jid, label);
                            if let Value::Object(members) = &mut data {
                                members.insert("messageId".to_owned(), id.as_str().into());
                            }
                            (EventKind::LabelsAssociation, data)
                        }
                    };
                    tx.append_event(new_event(&instance, kind, now, &data));
                    Ok(())
                })
            })
            .await
    }
}

const fn verb(labeled: bool) -> &'static str {
    if labeled { "add" } else { "remove" }
}

/// `{id, name, color, deleted, predefinedId?, instance}`; the colour is a number here.
fn edit(label: &Label, deleted: bool, instance: &str) -> Value {
    let mut data = Map::new();
    data.insert("id".to_owned(), label.id.as_str().into());
    data.insert("name".to_owned(), label.name.as_str().into());
    let color = label
        .color
        .parse::<i64>()
        .map_or_else(|_| label.color.as_str().into(), Value::from);
    data.insert("color".to_owned(), color);
    data.insert("deleted".to_owned(), deleted.into());
    if let Some(id) = &label.predefined_id {
        data.insert("predefinedId".to_owned(), id.as_str().into());
    }
    data.insert("instance".to_owned(), instance.into());
    Value::Object(data)
}

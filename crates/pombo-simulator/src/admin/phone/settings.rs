//! The address book, labels and chat settings, which a phone shares with its companions.

use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;

use super::super::body::{Body, Part};
use super::{DONE, Done, phone};
use crate::network::Network;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Contact {
    person: String,
    /// Absent: the person is removed.
    name: Option<String>,
}

/// `PUT /admin/phones/{number}/contacts`.
pub(in super::super) async fn contact(
    State(network): State<Arc<Network>>,
    Part(number): Part<String>,
    Body(contact): Body<Contact>,
) -> Done {
    let phone = phone(&network, &number)?;
    match &contact.name {
        Some(name) => phone.save_contact(&contact.person, name).await?,
        None => phone.remove_contact(&contact.person).await?,
    }
    DONE
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Block {
    person: String,
    blocked: bool,
}

/// `PUT /admin/phones/{number}/blocks`.
pub(in super::super) async fn block(
    State(network): State<Arc<Network>>,
    Part(number): Part<String>,
    Body(block): Body<Block>,
) -> Done {
    phone(&network, &number)?
        .block(&block.person, block.blocked)
        .await?;
    DONE
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Label {
    name: String,
    #[serde(default)]
    color: i32,
}

/// `PUT /admin/phones/{number}/labels/{label}`: makes or changes a label.
pub(in super::super) async fn label(
    State(network): State<Arc<Network>>,
    Part((number, id)): Part<(String, String)>,
    Body(label): Body<Label>,
) -> Done {
    phone(&network, &number)?
        .save_label(&id, &label.name, label.color)
        .await?;
    DONE
}

/// `DELETE /admin/phones/{number}/labels/{label}`.
pub(in super::super) async fn delete_label(
    State(network): State<Arc<Network>>,
    Part((number, id)): Part<(String, String)>,
) -> Done {
    phone(&network, &number)?.delete_label(&id).await?;
    DONE
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct Chat {
    chat: String,
    archived: Option<bool>,
    pinned: Option<bool>,
    /// Milliseconds since 1970, -1 for ever, 0: not any more.
    muted_until: Option<i64>,
    read: Option<bool>,
    #[serde(default)]
    add_label: Option<String>,
    #[serde(default)]
    remove_label: Option<String>,
    #[serde(default)]
    star: Option<String>,
    #[serde(default)]
    unstar: Option<String>,
    /// A message that only this account does not see any more.
    delete_for_me: Option<String>,
    #[serde(default)]
    clear: bool,
    #[serde(default)]
    delete: bool,
}

/// `PUT /admin/phones/{number}/chats`: what is absent stays.
pub(in super::super) async fn chat(
    State(network): State<Arc<Network>>,
    Part(number): Part<String>,
    Body(wanted): Body<Chat>,
) -> Done {
    let phone = phone(&network, &number)?;
    let chat = wanted.chat.as_str();
    if let Some(archived) = wanted.archived {
        phone.archive(chat, archived).await?;
    }
    if let Some(pinned) = wanted.pinned {
        phone.pin_chat(chat, pinned).await?;
    }
    if let Some(until) = wanted.muted_until {
        phone.mute(chat, (until != 0).then_some(until)).await?;
    }
    if let Some(read) = wanted.read {
        phone.mark_chat(chat, read).await?;
    }
    if let Some(label) = &wanted.add_label {
        phone.label_chat(label, chat, true).await?;
    }
    if let Some(label) = &wanted.remove_label {
        phone.label_chat(label, chat, false).await?;
    }
    if let Some(id) = &wanted.star {
        phone.star(chat, id, true).await?;
    }
    if let Some(id) = &wanted.unstar {
        phone.star(chat, id, false).await?;
    }
    if let Some(id) = &wanted.delete_for_me {
        phone.delete_for_me(chat, id).await?;
    }
    if wanted.clear {
        phone.clear_chat(chat).await?;
    }
    if wanted.delete {
        phone.delete_chat(chat).await?;
    }
    DONE
}

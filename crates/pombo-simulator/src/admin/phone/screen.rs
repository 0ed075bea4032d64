//! What a phone shows.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header;
use serde::{Deserialize, Serialize};
use waproto::buffa::Message as _;

use super::super::body::{Asked, Part};
use super::super::error::AdminError;
use super::phone;
use super::switch::Switches;
use crate::network::Network;
use crate::phone::PhoneError;
use crate::phone::view::{CallState, MessageStatus, ShownCall, ShownMessage, View};

/// Nobody waits longer for one answer.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// The screen as a whole.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Screen {
    #[serde(flatten)]
    switches: Switches,
    chats: Vec<ChatView>,
    contacts: BTreeMap<String, String>,
    labels: BTreeMap<String, LabelView>,
    calls: Vec<CallView>,
    presences: BTreeMap<String, bool>,
    identity_changes: Vec<String>,
    /// Ids of messages that could not be read and were asked for again.
    waiting_for: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ChatView {
    jid: String,
    messages: usize,
    last: Option<MessageView>,
    unread: u32,
    marked_unread: bool,
    archived: bool,
    pinned: bool,
    muted_until: Option<i64>,
    labels: Vec<String>,
    expiration: Option<u32>,
    /// `composing` or `recording`, by address.
    typing: BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
struct LabelView {
    name: String,
    color: i32,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CallView {
    id: String,
    peer: String,
    incoming: bool,
    video: bool,
    state: &'static str,
}

impl From<&ShownCall> for CallView {
    fn from(call: &ShownCall) -> Self {
        Self {
            id: call.id.clone(),
            peer: call.peer.clone(),
            incoming: call.incoming,
            video: call.video,
            state: match call.state {
                CallState::Ringing => "ringing",
                CallState::Accepted => "accepted",
                CallState::Rejected => "rejected",
                CallState::Ended => "ended",
                CallState::Missed => "missed",
            },
        }
    }
}

/// One message.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct MessageView {
    id: String,
    chat: String,
    from_me: bool,
    sender: String,
    sender_lid: String,
    device: u16,
    name: String,
    timestamp: u64,
    kind: &'static str,
    text: String,
    previous_texts: Vec<String>,
    deleted: bool,
    status: &'static str,
    receipts: BTreeMap<String, &'static str>,
    reactions: BTreeMap<String, String>,
    votes: BTreeMap<String, Vec<String>>,
    responses: BTreeMap<String, String>,
    quotes: Option<String>,
    mentions: Vec<String>,
    pinned: bool,
    kept: bool,
    starred: bool,
    has_biz_node: bool,
    /// The protobuf, base64.
    content: String,
}

fn status(status: MessageStatus) -> &'static str {
    match status {
        MessageStatus::Failed => "failed",
        MessageStatus::Pending => "pending",
        MessageStatus::Sent => "sent",
        MessageStatus::Delivered => "delivered",
        MessageStatus::Read => "read",
        MessageStatus::Played => "played",
    }
}

impl From<&ShownMessage> for MessageView {
    fn from(message: &ShownMessage) -> Self {
        Self {
            id: message.id.clone(),
            chat: message.chat.clone(),
            from_me: message.from_me,
            sender: message.sender.clone(),
            sender_lid: message.sender_lid.clone(),
            device: message.device,
            name: message.name.clone(),
            timestamp: message.timestamp,
            kind: message.kind(),
            text: message.text().to_owned(),
            previous_texts: message.previous_texts.clone(),
            deleted: message.deleted,
            status: status(message.status),
            receipts: message
                .receipts
                .iter()
                .map(|(who, how)| (who.clone(), status(*how)))
                .collect(),
            reactions: message
                .reactions
                .iter()
                .map(|(who, reaction)| (who.clone(), reaction.text.clone()))
                .collect(),
            votes: message.votes.clone(),
            responses: message.responses.clone(),
            quotes: message.quotes(),
            mentions: message.mentions(),
            pinned: message.pinned,
            kept: message.kept,
            starred: message.starred,
            has_biz_node: message.has_biz_node,
            content: BASE64_STANDARD.encode(message.content.encode_to_vec()),
        }
    }
}

/// `GET /admin/phones/{number}`: the screen, messages aside.
pub(in super::super) async fn show(
    State(network): State<Arc<Network>>,
    Part(number): Part<String>,
) -> Result<Json<Screen>, AdminError> {
    let phone = phone(&network, &number)?;
    let switches = Switches::of(&phone);
    Ok(Json(phone.look(|view| {
        Screen {
            switches,
            chats: view
                .chats
                .values()
                .map(|chat| ChatView {
                    jid: chat.jid.clone(),
                    messages: chat.messages.len(),
                    last: chat.last().map(MessageView::from),
                    unread: chat.unread,
                    marked_unread: chat.marked_unread,
                    archived: chat.archived,
                    pinned: chat.pinned,
                    muted_until: chat.muted_until,
                    labels: chat.labels.iter().cloned().collect(),
                    expiration: chat.expiration,
                    typing: chat.typing.clone(),
                })
                .collect(),
            contacts: view
                .contacts
                .iter()
                .map(|(jid, contact)| (jid.clone(), contact.full_name.clone()))
                .collect(),
            labels: view
                .labels
                .iter()
                .map(|(id, label)| {
                    let view = LabelView {
                        name: label.name.clone(),
                        color: label.color,
                    };
                    (id.clone(), view)
                })
                .collect(),
            calls: view.calls.iter().map(CallView::from).collect(),
            presences: view.presences.clone(),
            identity_changes: view.identity_changes.clone(),
            waiting_for: view
                .waiting_for
                .iter()
                .map(|waiting| waiting.id.clone())
                .collect(),
        }
    })))
}

/// Which messages; what is absent matches all.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct Filter {
    /// An address, or a person's number.
    chat: Option<String>,
    id: Option<String>,
    text: Option<String>,
    kind: Option<String>,
    from_me: Option<bool>,
    /// At least as far.
    status: Option<Status>,
    /// Milliseconds, until there is one.
    #[serde(default)]
    wait: u64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Status {
    Sent,
    Delivered,
    Read,
    Played,
}

impl Filter {
    fn matches(&self, message: &ShownMessage) -> bool {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted == found)
        };
        let chat = self.chat.as_ref().is_none_or(|chat| {
            *chat == message.chat || message.chat.strip_suffix("@s.whatsapp.net") == Some(chat)
        });
        let far = self.status.is_none_or(|status| {
            message.status
                >= match status {
                    Status::Sent => MessageStatus::Sent,
                    Status::Delivered => MessageStatus::Delivered,
                    Status::Read => MessageStatus::Read,
                    Status::Played => MessageStatus::Played,
                }
        });
        chat && far
            && is(&self.id, &message.id)
            && is(&self.text, message.text())
            && is(&self.kind, message.kind())
            && self
                .from_me
                .is_none_or(|from_me| from_me == message.from_me)
    }

    fn find(&self, view: &View) -> Vec<MessageView> {
        let messages = view.chats.values().flat_map(|chat| &chat.messages);
        let mut found: Vec<&ShownMessage> =
            messages.filter(|message| self.matches(message)).collect();
        // Stable: within a chat the order in which they came stays.
        found.sort_by_key(|message| message.timestamp);
        found.into_iter().map(MessageView::from).collect()
    }
}

/// `GET /admin/phones/{number}/messages`: those that match, oldest first. With `wait` it waits until there is one, at most so
/// many milliseconds (and a minute); then the list may be empty.
pub(in super::super) async fn messages(
    State(network): State<Arc<Network>>,
    Part(number): Part<String>,
    Asked(filter): Asked<Filter>,
) -> Result<Json<Vec<MessageView>>, AdminError> {
    let phone = phone(&network, &number)?;
    let wait = Duration::from_millis(filter.wait).min(LONGEST_WAIT);
    let found = phone
        .wait_for(wait, |view| {
            let found = filter.find(view);
            (!found.is_empty()).then_some(found)
        })
        .await;
    match found {
        Ok(found) => Ok(Json(found)),
        Err(PhoneError::TimedOut(_)) => Ok(Json(Vec::new())),
        Err(error) => Err(error.into()),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct File {
    chat: String,
    id: String,
}

/// `GET /admin/phones/{number}/file`: the phone downloads the file of a message; the answer is its bytes.
pub(in super::super) async fn file(
    State(network): State<Arc<Network>>,
    Part(number): Part<String>,
    Asked(wanted): Asked<File>,
) -> Result<impl IntoResponse, AdminError> {
    let phone = phone(&network, &number)?;
    let message = phone.chat(&wanted.chat).and_then(|chat| {
        chat.message(&wanted.id)
            .map(|message| message.content.clone())
    });
    let message = message.ok_or_else(|| {
        AdminError::from(PhoneError::NoMessage {
            chat: wanted.chat,
            id: wanted.id,
        })
    })?;
    let bytes = phone.download(&message).await?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], bytes))
}

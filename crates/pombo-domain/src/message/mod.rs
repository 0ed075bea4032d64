//! Messages as they are kept and shown.

mod key;
mod outgoing;
mod status;

pub use key::MessageKey;
pub use outgoing::{
    Card, ContactCard, ListRow, ListSection, Media, MediaKind, MediaSource, Outgoing,
    OutgoingContent, Quoted, Resolved, SendAction, StatusContent, StatusPost,
};
pub use status::MessageStatus;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::{InstanceId, RowId};

/// On what kind of device a message was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum DeviceSource {
    /// iPhone.
    Ios,
    /// Android phone.
    Android,
    /// WhatsApp Web, and everything sent through the API.
    Web,
    /// Desktop program.
    Desktop,
    /// Not known.
    #[default]
    Unknown,
}

impl DeviceSource {
    /// The spelling that clients use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ios => "ios",
            Self::Android => "android",
            Self::Web => "web",
            Self::Desktop => "desktop",
            Self::Unknown => "unknown",
        }
    }

    /// The source of that spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::Ios,
            Self::Android,
            Self::Web,
            Self::Desktop,
            Self::Unknown,
        ]
        .into_iter()
        .find(|source| source.as_str() == text)
    }
}

/// One stored message.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Row id.
    pub id: RowId,
    /// Whose message.
    pub instance_id: InstanceId,
    /// Which message of which chat.
    pub key: MessageKey,
    /// The sender's name for themselves.
    pub push_name: Option<String>,
    /// Which member of `message` counts, such as `conversation` or `imageMessage`.
    pub message_type: String,
    /// The content: protobuf JSON, or what the HTTP channel was given.
    pub message: Value,
    /// Quotes, mentions and the like.
    pub context_info: Option<Value>,
    /// On what device it was written.
    pub source: DeviceSource,
    /// Seconds since the epoch.
    pub timestamp: i64,
    /// How far it has got; `None` where the channel does not say.
    pub status: Option<MessageStatus>,
    /// The sender inside a group.
    pub participant: Option<String>,
    /// Where status news of this message were asked to go (Cloud API).
    pub webhook_url: Option<String>,
}

/// The data of `messages.upsert` and `send.message`, and the answer of every send: the original's "message record".
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageRecord<'a> {
    /// Which message.
    pub key: &'a MessageKey,
    /// The sender's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub push_name: Option<&'a str>,
    /// How far it has got.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<MessageStatus>,
    /// The content.
    pub message: &'a Value,
    /// Quotes, mentions and the like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_info: Option<&'a Value>,
    /// Which member of `message` counts.
    pub message_type: &'a str,
    /// Seconds since the epoch.
    pub message_timestamp: i64,
    /// Whose message.
    pub instance_id: &'a InstanceId,
    /// On what device it was written.
    pub source: DeviceSource,
    /// Where status news go (Cloud API).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_url: Option<&'a str>,
}

impl Message {
    /// The record that the outside sees.
    #[must_use]
    pub fn record(&self) -> MessageRecord<'_> {
        MessageRecord {
            key: &self.key,
            push_name: self.push_name.as_deref(),
            status: self.status,
            message: &self.message,
            context_info: self.context_info.as_ref(),
            message_type: &self.message_type,
            message_timestamp: self.timestamp,
            instance_id: &self.instance_id,
            source: self.source,
            webhook_url: self.webhook_url.as_deref(),
        }
    }
}

/// A step in a message's life, as `POST /chat/findStatusMessage` lists it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageUpdate {
    /// Row id.
    pub id: RowId,
    /// The message's own id.
    pub key_id: String,
    /// Its chat.
    pub remote_jid: String,
    /// Sent by the account itself.
    pub from_me: bool,
    /// The sender inside a group.
    pub participant: Option<String>,
    /// Poll votes, when the step was a vote.
    pub poll_updates: Option<Value>,
    /// The new status.
    pub status: String,
    /// Row id of the message.
    pub message_id: RowId,
    /// Whose message.
    pub instance_id: InstanceId,
}

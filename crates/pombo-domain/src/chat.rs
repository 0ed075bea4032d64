//! A conversation of an instance.

use serde::Serialize;
use serde_json::Value;

use crate::clock::Timestamp;
use crate::id::{InstanceId, RowId};

/// One chat row; one per instance and JID. JSON as `GET /chat/findChatByRemoteJid` shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Chat {
    /// Row id.
    pub id: RowId,
    /// The chat's address.
    pub remote_jid: String,
    /// Its name, when WhatsApp or a person gave one.
    pub name: Option<String>,
    /// Ids of its labels, or `null`.
    pub labels: Option<Value>,
    /// When the row was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Whose chat.
    pub instance_id: InstanceId,
    /// Messages that nobody has read yet.
    pub unread_messages: i64,
}

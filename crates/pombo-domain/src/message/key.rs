//! What identifies a message.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// `{ remoteJid, fromMe, id, participant? }` and whatever else the channel knows about the address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageKey {
    /// The message's own id, unique within its chat.
    pub id: String,
    /// Sent by the account itself.
    #[serde(default)]
    pub from_me: bool,
    /// The chat the message belongs to.
    pub remote_jid: String,
    /// The sender inside a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub participant: Option<String>,
    /// Further members: `remoteJidAlt`, `participantAlt`, `addressingMode`, `profilePicUrl`, ...
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl MessageKey {
    /// A key without further members.
    #[must_use]
    pub fn new(id: impl Into<String>, remote_jid: impl Into<String>, from_me: bool) -> Self {
        Self {
            id: id.into(),
            from_me,
            remote_jid: remote_jid.into(),
            participant: None,
            more: Map::new(),
        }
    }
}

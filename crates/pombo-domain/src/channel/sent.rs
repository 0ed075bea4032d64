//! What became of an outgoing message.

use serde_json::Value;

use crate::message::{DeviceSource, MessageKey};

/// What the channel made of an outgoing message.
#[derive(Debug, Clone)]
pub struct SentMessage {
    /// Which message of which chat; its id is the one that was asked for, unless the network chose another.
    pub key: MessageKey,
    /// The content as it was sent.
    pub message: Value,
    /// Which member of `message` counts.
    pub message_type: String,
    /// Quotes, mentions and the like.
    pub context_info: Option<Value>,
    /// On what device it counts as written.
    pub source: DeviceSource,
}

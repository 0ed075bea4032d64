//! What a channel saw, and what it says when it cannot do something.

use serde_json::Value;

use crate::instance::ChannelKind;
use crate::message::{DeviceSource, MessageKey};

/// What a channel saw. Only `pombo-core` turns it into events. Grows with the channels.
#[derive(Debug, Clone)]
pub enum ChannelEvent {
    /// A message, from somebody or from the account's own other devices.
    Message(IncomingMessage),
}

/// A message that came in, not yet stored.
#[derive(Debug, Clone)]
pub struct IncomingMessage {
    /// Which message of which chat.
    pub key: MessageKey,
    /// The sender's name for themselves.
    pub push_name: Option<String>,
    /// URL of the sender's picture, when the channel was told.
    pub profile_pic_url: Option<String>,
    /// Which member of `message` counts; `None` when the channel was not told.
    pub message_type: Option<String>,
    /// The content.
    pub message: Value,
    /// Quotes, mentions and the like.
    pub context_info: Option<Value>,
    /// Seconds since the epoch; `None` means "now".
    pub timestamp: Option<i64>,
    /// On what device it was written.
    pub source: DeviceSource,
}

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

/// Why a channel did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// The channel has no such thing, or is not part of this build.
    #[error("{}", not_available(*.0))]
    NotAvailable(ChannelKind),
    /// The request made no sense to the channel.
    #[error("{0}")]
    Invalid(String),
    /// The instance is not connected.
    #[error("Connection Closed")]
    NotConnected,
    /// The network or a file failed.
    #[error("{0}")]
    Failed(String),
}

/// The documented text for what a channel cannot do.
#[must_use]
pub const fn not_available(channel: ChannelKind) -> &'static str {
    match channel {
        ChannelKind::Whatsapp => "Method not available on WhatsApp Baileys",
        ChannelKind::Cloud => "Method not available on WhatsApp Business API",
        ChannelKind::Evolution => "Method not available on Evolution Channel",
    }
}

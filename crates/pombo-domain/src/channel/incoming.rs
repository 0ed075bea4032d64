//! Messages that came in, and news of messages.

use serde_json::Value;

use crate::message::{DeviceSource, MessageKey, MessageStatus};

/// A message that came in, not yet stored.
#[derive(Debug, Clone)]
pub struct IncomingMessage {
    /// Which message of which chat, with what else is known about the address (`remoteJidAlt`, `participantAlt`,
    /// `addressingMode`).
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
    /// How far it has got; `None` where the channel does not say.
    pub status: Option<MessageStatus>,
}

impl IncomingMessage {
    /// A message of which only key and content are known.
    #[must_use]
    pub fn new(key: MessageKey, message: Value) -> Self {
        Self {
            key,
            push_name: None,
            profile_pic_url: None,
            message_type: None,
            message,
            context_info: None,
            timestamp: None,
            source: DeviceSource::Unknown,
            status: None,
        }
    }
}

/// A message that could not be decrypted.
#[derive(Debug, Clone)]
pub struct Undecryptable {
    /// Its key.
    pub key: MessageKey,
    /// The sender's name for themselves.
    pub push_name: Option<String>,
    /// Seconds since the epoch.
    pub timestamp: i64,
    /// The network never had the content for this device (view once, and the like): it will not come.
    pub unavailable: bool,
}

/// What a receipt says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReceiptKind {
    /// A device of the recipient has it.
    Delivered,
    /// The account's own other device sent it.
    Sender,
    /// The recipient saw it.
    Read,
    /// The recipient heard or watched it.
    Played,
    /// The account itself read it on another device.
    ReadSelf,
    /// The account itself played it on another device.
    PlayedSelf,
}

/// Somebody got, read or played messages.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// The chat, without the device part.
    pub chat: String,
    /// The chat's other identity (phone number or LID), when known.
    pub chat_alt: Option<String>,
    /// Who got them, in groups and status.
    pub participant: Option<String>,
    /// That person's other identity, when known.
    pub participant_alt: Option<String>,
    /// The messages' ids.
    pub ids: Vec<String>,
    /// Whether the messages are the account's own.
    pub from_me: bool,
    /// What happened.
    pub kind: ReceiptKind,
    /// Seconds since the epoch.
    pub timestamp: i64,
}

/// Messages that the account read, as [`Receipt`] but for a whole chat up to a time.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The chat.
    pub chat: String,
    /// Everything up to here: seconds since the epoch.
    pub until: i64,
}

/// The network took or refused a message of ours.
#[derive(Debug, Clone)]
pub struct Acknowledgement {
    /// The chat, when the network said.
    pub chat: Option<String>,
    /// The message's id.
    pub id: String,
    /// The network's code for refusing it; `None`: taken.
    pub error: Option<String>,
    /// Seconds since the epoch.
    pub timestamp: Option<i64>,
}

/// A message was edited by its sender.
#[derive(Debug, Clone)]
pub struct Edit {
    /// The edited message.
    pub target: MessageKey,
    /// The new content: protobuf JSON in the encoding of records.
    pub content: Value,
    /// The protocol message, in the encoding of raw answers: `{key, type, editedMessage, timestampMs}`.
    pub protocol: Value,
    /// Seconds since the epoch.
    pub timestamp: i64,
}

/// A message was deleted for everyone.
#[derive(Debug, Clone)]
pub struct Revocation {
    /// The deleted message.
    pub target: MessageKey,
    /// Who deleted it, in groups.
    pub by: Option<String>,
    /// Seconds since the epoch.
    pub timestamp: i64,
}

/// Somebody voted in a poll.
#[derive(Debug, Clone)]
pub struct PollVote {
    /// The poll.
    pub poll: MessageKey,
    /// The message that carried the vote.
    pub key: MessageKey,
    /// Who voted: a JID without the device part, `None` for the account itself.
    pub voter: Option<String>,
    /// SHA-256 of the chosen options' names, 32 bytes each; empty: the vote was taken back.
    pub options: Vec<Vec<u8>>,
    /// Milliseconds since the epoch; the newest vote of a voter counts.
    pub timestamp_ms: i64,
}

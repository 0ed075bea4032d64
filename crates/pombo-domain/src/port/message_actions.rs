//! What can be done with messages that are already there.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;

use crate::channel::{ChannelError, PresenceState};
use crate::media::MediaFile;
use crate::message::MessageKey;

/// A message's file, decrypted.
#[derive(Debug, Clone)]
pub struct Download {
    /// The file.
    pub file: MediaFile,
    /// The message's content as it is now: a file that was asked for again has a new address.
    pub message: Value,
}

/// What the network made of an edit or a deletion: the protocol message, in the encoding of raw answers.
#[derive(Debug, Clone)]
pub struct Protocolled {
    /// The key of the protocol message itself.
    pub key: MessageKey,
    /// `{key, type, editedMessage?, timestampMs?}`
    pub protocol: Value,
    /// Seconds since the epoch.
    pub timestamp: i64,
}

/// Actions on messages. The rules have checked that the message is there and the account's own where it must be.
#[async_trait]
pub trait MessageActions: Send + Sync {
    /// Replaces a message's text or caption. `content` is the new content: protobuf JSON as in records.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn edit(&self, target: &MessageKey, content: &Value)
    -> Result<Protocolled, ChannelError>;

    /// Deletes a message for everyone; somebody else's in a group when the account is an admin there.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn revoke(&self, target: &MessageKey) -> Result<Protocolled, ChannelError>;

    /// Tells the senders that the account read these messages.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn mark_read(&self, keys: &[MessageKey]) -> Result<(), ChannelError>;

    /// Tells the senders that the account played these messages.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn mark_played(&self, keys: &[MessageKey]) -> Result<(), ChannelError>;

    /// Shows a chat that the account types or records, or not any more; or sets the account's own presence where the state is
    /// `Available` or `Unavailable`.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn presence(&self, chat: &str, state: PresenceState) -> Result<(), ChannelError>;

    /// Fetches and decrypts a message's file; asks the sender's phone for it when the network does not have it any more.
    /// `message` is the content as stored, in either encoding of bytes and 64-bit numbers.
    ///
    /// # Errors
    /// `Invalid` when the message has no file, `NotFound` when nobody has it any more.
    async fn download(
        &self,
        key: &MessageKey,
        message: &Value,
        patience: Duration,
    ) -> Result<Download, ChannelError>;

    /// Stars a message or takes the star off.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn star(&self, target: &MessageKey, starred: bool) -> Result<(), ChannelError>;

    /// Removes a message for the account only.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn delete_for_me(&self, target: &MessageKey, timestamp: i64) -> Result<(), ChannelError>;

    /// The content of a message that pins another one in its chat for everyone for so long, or unpins it (`None`). It is sent like
    /// any other.
    ///
    /// # Errors
    /// [`ChannelError`].
    fn pin(&self, target: &MessageKey, duration: Option<Duration>) -> Result<Value, ChannelError>;

    /// The content of a message that keeps another one in a chat whose messages disappear, or not any more.
    ///
    /// # Errors
    /// [`ChannelError`].
    fn keep(&self, target: &MessageKey, keep: bool) -> Result<Value, ChannelError>;
}

//! The protocol itself, for those who know it: the routes `/baileys/*` of voice-call add-ons.

use async_trait::async_trait;
use serde_json::Value;

use crate::channel::ChannelError;

/// The protocol itself. Stanzas are `{"tag", "attrs", "content"}`; `content` is a text, a list of stanzas, or bytes. Bytes are
/// read as `{"type": "Buffer", "data": base64 or [..]}` or as an index map `{"0": 1}`, and as base64 text where a stanza can
/// hold nothing but bytes (`enc`).
#[async_trait]
pub trait Protocol: Send + Sync {
    /// Makes sure that there are sessions with all devices of these people.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn assert_sessions(&self, jids: &[String]) -> Result<(), ChannelError>;

    /// The picture of a person or a group, small or whole; `None`: none, or none that the account may see.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn picture_url(&self, jid: &str, preview: bool) -> Result<Option<String>, ChannelError>;

    /// Encrypts a message (protobuf JSON) for all devices of these people: the stanzas to send, with their bytes as base64 text,
    /// and whether one of them opens a session.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn participant_nodes(
        &self,
        jids: &[String],
        message: &Value,
    ) -> Result<(Vec<Value>, bool), ChannelError>;

    /// The devices of these people, as JIDs with device numbers.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn devices(&self, jids: &[String]) -> Result<Vec<String>, ChannelError>;

    /// Decrypts what a device sent: `kind` is `msg` or `pkmsg`. The content is still padded.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn decrypt(
        &self,
        jid: &str,
        kind: &str,
        ciphertext: &[u8],
    ) -> Result<Vec<u8>, ChannelError>;

    /// An id for a stanza, unique on this connection.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn message_tag(&self) -> Result<String, ChannelError>;

    /// Sends a stanza as it is.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn send_node(&self, node: &Value) -> Result<(), ChannelError>;

    /// The account and its public identity: `{me: {id, lid, name}, account: {..}}`. No private key.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn auth_state(&self) -> Result<Value, ChannelError>;

    /// Forgets the sessions with the account's own phone, which are then built anew.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn reset_own_sessions(&self) -> Result<(), ChannelError>;
}

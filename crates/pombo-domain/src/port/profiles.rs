//! What people show, who may see it; and the account's own chats and labels on all its devices.

use async_trait::async_trait;

use crate::channel::ChannelError;
use crate::label::Label;
use crate::media::ProfilePicture;
use crate::message::MessageKey;
use crate::profile::{BusinessProfile, CatalogPage, Collection, Privacy, Profile};

/// The newest message of a chat: other devices apply a change of the chat up to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastMessage {
    /// Its key.
    pub key: MessageKey,
    /// Seconds since the epoch.
    pub timestamp: i64,
}

/// A change of a chat on all devices of the account. A closed set: match it without `_`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChatAction {
    /// Archive it, or take it out of the archive.
    Archive(bool),
    /// Pin it above others, or not any more.
    Pin(bool),
    /// Mute it until: milliseconds since the epoch, -1 for ever; `None`: not muted.
    Mute(Option<i64>),
    /// Mark it as read or unread.
    Read(bool),
    /// Remove its messages.
    Clear,
    /// Remove it.
    Delete,
}

/// Profiles, privacy, businesses, chats, labels. JIDs come resolved.
#[async_trait]
pub trait Profiles: Send + Sync {
    /// URL of a picture; `None`: none, or hidden.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn picture_url(&self, jid: &str) -> Result<Option<String>, ChannelError>;

    /// What somebody shows.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn profile(&self, jid: &str) -> Result<Profile, ChannelError>;

    /// What a business shows; `None`: it is none.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn business_profile(&self, jid: &str) -> Result<Option<BusinessProfile>, ChannelError>;

    /// A page of a business's products.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn catalog(
        &self,
        jid: &str,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<CatalogPage, ChannelError>;

    /// A business's collections.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn collections(&self, jid: &str, limit: u32) -> Result<Vec<Collection>, ChannelError>;

    /// Names the account.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn set_name(&self, name: &str) -> Result<(), ChannelError>;

    /// Sets the account's "about" text.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn set_about(&self, about: &str) -> Result<(), ChannelError>;

    /// Sets the account's picture, or removes it.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn set_picture(&self, picture: Option<&ProfilePicture>) -> Result<(), ChannelError>;

    /// Who may see what.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn privacy(&self) -> Result<Privacy, ChannelError>;

    /// Decides who may see what; writes only what differs.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn set_privacy(&self, privacy: &Privacy) -> Result<(), ChannelError>;

    /// Blocks somebody, or not any more.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn block(&self, jid: &str, blocked: bool) -> Result<(), ChannelError>;

    /// Changes a chat on all devices. `last`: its newest message, when known.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn change_chat(
        &self,
        jid: &str,
        action: &ChatAction,
        last: Option<&LastMessage>,
    ) -> Result<(), ChannelError>;

    /// Puts a label on a chat or takes it off.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn label_chat(&self, label: &str, jid: &str, labeled: bool) -> Result<(), ChannelError>;

    /// Makes a label or changes it; `deleted`: removes it.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn edit_label(&self, label: &Label, deleted: bool) -> Result<(), ChannelError>;
}

//! Newsletters and communities, where a rule is needed beside the channel.

use std::sync::Arc;
use std::time::Duration;

use pombo_domain::channel::ChannelError;
use pombo_domain::media::ProfilePicture;
use pombo_domain::message::{MediaSource, MessageKey, Outgoing, OutgoingContent, Resolved};
use pombo_domain::port::{Channel, Communities, NewsletterName, Newsletters, StaffChange};
use pombo_store::{StoreError, message};
use serde_json::json;

use super::send::SendError;
use crate::gateway::Gateway;
use crate::instance::Entry;

impl Gateway {
    /// Asks or changes newsletters.
    ///
    /// # Errors
    /// `NotAvailable` where the channel cannot.
    pub fn newsletters<'a>(
        entry: &Entry,
        channel: &'a dyn Channel,
    ) -> Result<&'a dyn Newsletters, ChannelError> {
        let kind = entry.state().instance.channel;
        channel
            .newsletters()
            .ok_or(ChannelError::NotAvailable(kind))
    }

    /// Asks or changes communities.
    ///
    /// # Errors
    /// `NotAvailable` where the channel cannot.
    pub fn communities<'a>(
        entry: &Entry,
        channel: &'a dyn Channel,
    ) -> Result<&'a dyn Communities, ChannelError> {
        let kind = entry.state().instance.channel;
        channel
            .communities()
            .ok_or(ChannelError::NotAvailable(kind))
    }

    /// A picture as WhatsApp shows them beside names, from a URL or base64.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn square_picture(&self, source: MediaSource) -> Result<ProfilePicture, SendError> {
        let media = self
            .media
            .as_ref()
            .ok_or_else(|| ChannelError::Failed("files cannot be prepared here".to_owned()))?;
        Ok(media.profile_picture(source).await?)
    }

    /// Asks somebody to become an admin of a newsletter: the network is told, and then they are, by the message that phones show
    /// with a button. Until when it is good, in seconds since the epoch.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn invite_admin(
        self: &Arc<Self>,
        entry: &Arc<Entry>,
        newsletter: &str,
        number: &str,
        caption: Option<&str>,
    ) -> Result<Option<i64>, SendError> {
        let channel = self.channel(entry)?;
        let newsletters = Self::newsletters(entry, &*channel)?;
        let person = self.recipient(entry, number).await?;
        let shown = newsletters.find(NewsletterName::Jid(newsletter)).await?;
        let until = newsletters
            .change_staff(newsletter, StaffChange::Invite, &person)
            .await?;
        let content = json!({"newsletterAdminInviteMessage": {
            "newsletterJid": shown.id,
            "newsletterName": shown.name,
            "caption": caption.unwrap_or_default(),
            "inviteExpiration": until.unwrap_or(0),
        }});
        let invitation = Outgoing {
            number: person,
            content: OutgoingContent::Raw {
                message: content,
                nodes: Vec::new(),
            },
            delay: Duration::ZERO,
            quoted: None,
            mentioned: Vec::new(),
            mentions_everyone: false,
            link_preview: false,
            webhook_url: None,
            resolved: Resolved::default(),
        };
        self.send(entry, invitation).await?;
        Ok(until)
    }

    /// Posts in newsletters are named by the network's number: filled in from what is stored, where the caller does not say it.
    pub(super) async fn numbered(
        &self,
        entry: &Entry,
        target: &mut MessageKey,
    ) -> Result<(), StoreError> {
        if !target.remote_jid.ends_with("@newsletter") || target.more.contains_key("server_id") {
            return Ok(());
        }
        let id = &entry.state().instance.id;
        let stored = message::by_key_id(&self.store, id, &target.id).await?;
        let number = stored.and_then(|mut stored| stored.key.more.shift_remove("server_id"));
        if let Some(number) = number {
            target.more.insert("server_id".to_owned(), number);
        }
        Ok(())
    }
}

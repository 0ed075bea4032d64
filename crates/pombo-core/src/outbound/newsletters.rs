//! Newsletters and communities, where a rule is needed beside the channel.

use std::sync::Arc;

use pombo_domain::message::{MessageKey, Outgoing, OutgoingContent};
use pombo_domain::port::{NewsletterName, StaffChange};
use pombo_store::{StoreError, message};
use serde_json::json;

use super::send::SendError;
use crate::gateway::Gateway;
use crate::instance::Entry;

impl Gateway {
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
        let invitation = OutgoingContent::Raw {
            message: content,
            nodes: Vec::new(),
        };
        let invitation = Outgoing::new(person, invitation);
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

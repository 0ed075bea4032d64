//! Newsletters, which WhatsApp shows as channels. What is posted goes the way of every message.

use async_trait::async_trait;

use crate::channel::ChannelError;
use crate::newsletter::{Newsletter, NewsletterFollower, NewsletterPatch, NewsletterPost};

/// By what a newsletter is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewsletterName<'a> {
    /// `...@newsletter`
    Jid(&'a str),
    /// The code at the end of its link.
    Invite(&'a str),
}

/// A change of who runs a newsletter. A closed set: match it without `_`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StaffChange {
    /// Asks somebody to become an admin.
    Invite,
    /// Does not ask any more.
    RevokeInvite,
    /// Makes an admin a follower.
    Demote,
    /// Gives the newsletter away.
    Own,
}

/// Newsletters. JIDs come resolved. What the account may not do is `Refused`, a newsletter that is not there `NotFound`.
#[async_trait]
pub trait Newsletters: Send + Sync {
    /// Makes one.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn create(&self, new: &NewsletterPatch) -> Result<Newsletter, ChannelError>;

    /// One newsletter.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn find(&self, name: NewsletterName<'_>) -> Result<Newsletter, ChannelError>;

    /// All that the account follows.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn followed(&self) -> Result<Vec<Newsletter>, ChannelError>;

    /// Follows one, or not any more.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn follow(&self, newsletter: &str, follows: bool) -> Result<(), ChannelError>;

    /// Is told of new posts, or not. `activity`: instead, of what followers do; for those who run it.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn mute(&self, newsletter: &str, muted: bool, activity: bool)
    -> Result<(), ChannelError>;

    /// Changes one.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn update(
        &self,
        newsletter: &str,
        patch: &NewsletterPatch,
    ) -> Result<Newsletter, ChannelError>;

    /// Ends one for everybody.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn delete(&self, newsletter: &str) -> Result<(), ChannelError>;

    /// The newest `count` posts before the one with the server's number `before`, oldest first.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn posts(
        &self,
        newsletter: &str,
        count: u32,
        before: Option<u64>,
    ) -> Result<Vec<NewsletterPost>, ChannelError>;

    /// Gives the post with that number of the server's an emoji; empty takes it back.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn react(
        &self,
        newsletter: &str,
        server_id: u64,
        emoji: &str,
    ) -> Result<(), ChannelError>;

    /// Who follows it, for those who run it; at most `count`.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn followers(
        &self,
        newsletter: &str,
        count: u32,
    ) -> Result<Vec<NewsletterFollower>, ChannelError>;

    /// Who was asked to become an admin and has not answered.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn pending_admins(
        &self,
        newsletter: &str,
    ) -> Result<Vec<NewsletterFollower>, ChannelError>;

    /// Changes who runs it. Of an invitation: until when it is good (seconds since the epoch).
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn change_staff(
        &self,
        newsletter: &str,
        change: StaffChange,
        person: &str,
    ) -> Result<Option<i64>, ChannelError>;

    /// Becomes an admin, as somebody who runs it asked.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn accept_admin_invite(&self, newsletter: &str) -> Result<(), ChannelError>;
}

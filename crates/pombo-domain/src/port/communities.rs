//! Communities: groups of groups.

use async_trait::async_trait;

use crate::channel::ChannelError;
use crate::community::{ChangeResult, NewCommunity, Subgroup};
use crate::group::{Group, Participant};

/// Communities. JIDs come resolved. What the account may not do is `Refused`, what is not there `NotFound`.
#[async_trait]
pub trait Communities: Send + Sync {
    /// Makes one, with the groups that every community has.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn create(&self, new: &NewCommunity) -> Result<Group, ChannelError>;

    /// All that the account is in.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn joined(&self) -> Result<Vec<Group>, ChannelError>;

    /// One community.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn find(&self, community: &str) -> Result<Group, ChannelError>;

    /// Its groups.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn subgroups(&self, community: &str) -> Result<Vec<Subgroup>, ChannelError>;

    /// One of its groups, also for those who are not in that.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn subgroup(&self, community: &str, group: &str) -> Result<Group, ChannelError>;

    /// Makes a group in it.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn create_subgroup(
        &self,
        community: &str,
        subject: &str,
        people: &[String],
    ) -> Result<Group, ChannelError>;

    /// Takes existing groups into it.
    ///
    /// # Errors
    /// [`ChannelError`]; a group that was not taken is no error.
    async fn link(
        &self,
        community: &str,
        groups: &[String],
    ) -> Result<Vec<ChangeResult>, ChannelError>;

    /// Takes groups out of it. `with_orphans`: also the people who are in no other group of it.
    ///
    /// # Errors
    /// [`ChannelError`]; a group that was not taken out is no error.
    async fn unlink(
        &self,
        community: &str,
        groups: &[String],
        with_orphans: bool,
    ) -> Result<Vec<ChangeResult>, ChannelError>;

    /// Comes into one of its groups. `None`: an admin has to approve it first.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn join_subgroup(
        &self,
        community: &str,
        group: &str,
    ) -> Result<Option<Group>, ChannelError>;

    /// Everybody who is in some group of it.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn members(&self, community: &str) -> Result<Vec<Participant>, ChannelError>;

    /// Throws people out of it and all its groups.
    ///
    /// # Errors
    /// [`ChannelError`]; somebody who was not thrown out is no error.
    async fn remove_members(
        &self,
        community: &str,
        people: &[String],
    ) -> Result<Vec<ChangeResult>, ChannelError>;

    /// Ends it. Its groups live on.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn deactivate(&self, community: &str) -> Result<(), ChannelError>;
}

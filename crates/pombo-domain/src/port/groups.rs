//! Groups.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;

use crate::channel::ChannelError;
use crate::group::{
    Group, GroupSetting, JoinRequest, Joining, MemberAction, MemberResult, NewGroup,
};
use crate::media::ProfilePicture;

/// Groups. Addresses come resolved. Nothing is retried; what the network refuses is `Refused` with its code and a text for
/// people: 403 for what only admins or members may do, 409 for a member already, 419 for a full group, 429 for too many
/// questions.
#[async_trait]
pub trait Groups: Send + Sync {
    /// What is known of a group, asked of the network at most once at a time and once in a while.
    ///
    /// # Errors
    /// `NotFound` when there is no such group, `Refused` with 403 when the account is not in it.
    async fn metadata(&self, group: &str) -> Result<Arc<Group>, ChannelError>;

    /// All groups that the account is in, asked for in the same way.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn all(&self) -> Result<Vec<Arc<Group>>, ChannelError>;

    /// URL of a group's picture; `None`: none, or hidden.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn picture(&self, group: &str) -> Result<Option<String>, ChannelError>;

    /// URLs of the pictures of all groups that the account is in, by group. Those without one are missing.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn pictures(&self) -> Result<Arc<HashMap<String, String>>, ChannelError>;

    /// Makes a group; as it is afterwards. Members whose privacy does not allow it are not in it.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn create(&self, group: &NewGroup) -> Result<Arc<Group>, ChannelError>;

    /// Changes a group.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn change(&self, group: &str, setting: &GroupSetting) -> Result<(), ChannelError>;

    /// Sets a group's picture, or removes it.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn set_picture(
        &self,
        group: &str,
        picture: Option<&ProfilePicture>,
    ) -> Result<(), ChannelError>;

    /// Does something with members, or with those who ask to become some; one result for each.
    ///
    /// # Errors
    /// When nothing was done for any of them.
    async fn members(
        &self,
        group: &str,
        action: MemberAction,
        people: &[String],
    ) -> Result<Vec<MemberResult>, ChannelError>;

    /// Who asks to be let in.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn join_requests(&self, group: &str) -> Result<Vec<JoinRequest>, ChannelError>;

    /// The code of the invite link; `renew`: a new one, the old one is worth nothing from then on.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn invite_code(&self, group: &str, renew: bool) -> Result<String, ChannelError>;

    /// What a code leads to.
    ///
    /// # Errors
    /// `NotFound` for a code that is not valid.
    async fn invited(&self, code: &str) -> Result<Group, ChannelError>;

    /// Follows an invite link.
    ///
    /// # Errors
    /// `NotFound` for a code that is not valid.
    async fn join(&self, code: &str) -> Result<Joining, ChannelError>;

    /// Leaves a group.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn leave(&self, group: &str) -> Result<(), ChannelError>;
}

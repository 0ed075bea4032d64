//! Groups, communities, newsletters.

use async_trait::async_trait;

use crate::channel::ChannelError;
use crate::group::Group;

/// Groups, communities, newsletters.
#[async_trait]
pub trait Groups: Send + Sync {
    /// What is known of a group, asked of the network at most once at a time and once in a while.
    ///
    /// # Errors
    /// `NotFound` when there is no such group, or the account is not in it.
    async fn metadata(&self, group: &str) -> Result<Group, ChannelError>;
}

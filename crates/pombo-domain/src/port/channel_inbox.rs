//! Where a channel brings what it saw.

use async_trait::async_trait;

use crate::channel::ChannelEvent;

/// The events were not stored; the channel keeps them and offers them again.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotStored(pub String);

/// Takes what one instance's channel saw. Implemented by `pombo-core`.
#[async_trait]
pub trait ChannelInbox: Send + Sync {
    /// Stores the events, in order, with everything that follows from them, in one transaction. When this returns `Ok`
    /// they are in the log, and the channel may tell the network so. Offering an event twice does no harm.
    ///
    /// # Errors
    /// When the store does not take them.
    async fn accept(&self, events: Vec<ChannelEvent>) -> Result<(), NotStored>;
}

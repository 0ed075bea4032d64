//! Calls.

use async_trait::async_trait;

use crate::channel::{CallNews, ChannelError};

/// Calls.
#[async_trait]
pub trait Calls: Send + Sync {
    /// Refuses a call that rings.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn reject(&self, call: &CallNews) -> Result<(), ChannelError>;
}

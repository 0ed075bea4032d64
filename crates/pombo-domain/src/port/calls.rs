//! Calls.

use async_trait::async_trait;

use crate::channel::{CallNews, ChannelError};

/// A call that the account placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedCall {
    /// Names the call in all that is said about it.
    pub id: String,
    /// Whom it rings for, as the network addresses them.
    pub peer: String,
    /// The account's own device.
    pub creator: String,
}

/// Calls.
#[async_trait]
pub trait Calls: Send + Sync {
    /// Refuses a call that rings.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn reject(&self, call: &CallNews) -> Result<(), ChannelError>;

    /// Rings at all phones of a person. No sound and no picture is carried: a call that is taken stays silent.
    ///
    /// # Errors
    /// [`ChannelError`]; `NotFound` when the person has no device that could ring.
    async fn offer(&self, to: &str, video: bool) -> Result<PlacedCall, ChannelError>;

    /// Ends a call that the account placed, whether it was taken or not.
    ///
    /// # Errors
    /// [`ChannelError`].
    async fn end(&self, call: &PlacedCall) -> Result<(), ChannelError>;
}

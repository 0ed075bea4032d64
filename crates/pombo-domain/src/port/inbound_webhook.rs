//! Calls from outside systems that carry messages.

use crate::channel::ChannelEvent;
use crate::instance::ChannelKind;

/// One thing that a call carried.
#[derive(Debug, Clone)]
pub struct Inbound {
    /// The `number` of the instances it is for.
    pub number: String,
    /// What was seen.
    pub event: ChannelEvent,
}

/// Why a call cannot be understood.
#[derive(Debug, thiserror::Error)]
pub enum InboundError {
    /// Not JSON, or not the documented shape. Nothing of it was taken.
    #[error("{0}")]
    Invalid(String),
}

/// Understands the calls of one named outside system. Pure: the caller stores and emits, then answers.
pub trait InboundWebhook: Send + Sync {
    /// Of which channel.
    fn kind(&self) -> ChannelKind;

    /// What the call carries; empty when there is nothing in it for us.
    ///
    /// # Errors
    /// When the body is not what the outside system is documented to send.
    fn parse(&self, body: &[u8]) -> Result<Vec<Inbound>, InboundError>;
}

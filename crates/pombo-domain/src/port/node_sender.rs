//! Raw stanzas of connected clients, on their way to a channel.

use async_trait::async_trait;
use serde_json::Value;

use crate::channel::ChannelError;
use crate::id::InstanceId;

/// Sends stanzas as they are. Who may address which instance was asked before.
#[async_trait]
pub trait NodeSender: Send + Sync {
    /// Sends a stanza in the form of [`Protocol`](super::Protocol) over the instance's connection. Waits for no answer of the network.
    ///
    /// # Errors
    /// `NotAvailable` where the channel has no stanzas, `Invalid` for what is none, `NotConnected`.
    async fn send_node(&self, instance: &InstanceId, node: &Value) -> Result<(), ChannelError>;
}

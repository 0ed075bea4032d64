//! Raw stanzas of connected clients, on their way to a channel.

use std::sync::Arc;

use async_trait::async_trait;
use pombo_domain::channel::ChannelError;
use pombo_domain::id::InstanceId;
use pombo_domain::port::NodeSender;
use serde_json::Value;

use crate::instance::Registry;

/// Finds the instance's channel.
pub(crate) struct Nodes {
    registry: Arc<Registry>,
}

impl Nodes {
    pub(crate) fn new(registry: Arc<Registry>) -> Self {
        Self { registry }
    }
}

#[async_trait]
impl NodeSender for Nodes {
    async fn send_node(&self, instance: &InstanceId, node: &Value) -> Result<(), ChannelError> {
        // Deleted a moment ago.
        let entry = self
            .registry
            .by_id(instance)
            .ok_or(ChannelError::NotConnected)?;
        let not_available = ChannelError::NotAvailable(entry.state().instance.channel);
        let channel = entry.channel.clone();
        match channel.as_ref().and_then(|channel| channel.protocol()) {
            Some(protocol) => protocol.send_node(node).await,
            None => Err(not_available),
        }
    }
}

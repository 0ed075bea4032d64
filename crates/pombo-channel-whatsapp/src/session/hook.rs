//! Messages are stored before the network hears that we have them.

use std::sync::{Arc, Weak};

use async_trait::async_trait;
use wacore::types::events::InboundMessage;
use whatsapp_rust::anyhow::{Result, anyhow};
use whatsapp_rust::{Client, InboundDurabilityHook};

use crate::channel::WhatsappChannel;

/// The library acknowledges a batch after `on_messages` returned `Ok`, and offers it again after an error or a crash; the
/// inbox knows what it has seen.
pub(crate) struct StoreFirst(pub(crate) Weak<WhatsappChannel>);

#[async_trait]
impl InboundDurabilityHook for StoreFirst {
    async fn on_messages(&self, client: Arc<Client>, batch: &[InboundMessage]) -> Result<()> {
        let channel = self
            .0
            .upgrade()
            .ok_or_else(|| anyhow!("the channel is closed"))?;
        let events = channel.translate_messages(&client, batch).await;
        if events.is_empty() {
            return Ok(());
        }
        channel
            .opening
            .inbox
            .accept(events)
            .await
            .map_err(|error| anyhow!("not stored: {error}"))
    }
}

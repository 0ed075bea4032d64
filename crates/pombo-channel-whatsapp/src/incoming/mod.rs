//! From the library's events to channel events. One file per family.
//!
//! The connection's own events (linking codes, connected, closed) are not here: `session` lives by them.

use std::sync::Arc;

use pombo_domain::channel::ChannelEvent;
use wacore::types::events::{Event, InboundMessage};
use whatsapp_rust::Client;

use crate::channel::WhatsappChannel;

impl WhatsappChannel {
    /// What the rules should hear of an event. Called for one event after the other, in the order in which the library told
    /// them. Messages come here only when they did not go through the durability hook ([`Self::translate_messages`]).
    pub(crate) async fn translate(&self, client: &Arc<Client>, event: &Event) -> Vec<ChannelEvent> {
        match event {
            Event::Messages(batch) => self.translate_messages(client, &batch.messages).await,
            _ => Vec::new(),
        }
    }

    /// What the rules should hear of messages. Called inside the durability hook: the network gets its acknowledgement after
    /// the answer was stored, so nothing here may wait for the network.
    pub(crate) async fn translate_messages(
        &self,
        client: &Arc<Client>,
        messages: &[InboundMessage],
    ) -> Vec<ChannelEvent> {
        let _ = (client, messages);
        Vec::new()
    }
}

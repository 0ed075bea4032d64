//! From content to protobuf. One file per type.

use std::sync::Arc;

use pombo_domain::channel::{ChannelError, SentMessage};
use pombo_domain::instance::ChannelKind;
use pombo_domain::message::{Outgoing, SendAction};
use whatsapp_rust::Client;

use crate::channel::WhatsappChannel;

/// Whether this channel can send such a thing.
pub(crate) const fn supports(_action: SendAction) -> bool {
    false
}

impl WhatsappChannel {
    /// Sends over a connected client.
    pub(crate) async fn send_with(
        &self,
        client: &Arc<Client>,
        id: &str,
        remote_jid: &str,
        message: &Outgoing,
    ) -> Result<SentMessage, ChannelError> {
        let _ = (client, id, remote_jid, message);
        Err(ChannelError::NotAvailable(ChannelKind::Whatsapp))
    }
}

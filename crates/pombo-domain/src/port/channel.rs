//! How an instance reaches WhatsApp.

use std::sync::Arc;

use async_trait::async_trait;

use crate::channel::{ChannelError, SentMessage};
use crate::instance::{ChannelKind, Instance};
use crate::message::{Outgoing, SendAction};

/// Opens channels of one kind.
#[async_trait]
pub trait ChannelFactory: Send + Sync {
    /// Which kind.
    fn kind(&self) -> ChannelKind;

    /// A channel for this instance. Does not wait for a connection.
    ///
    /// # Errors
    /// When the instance lacks what the channel needs.
    async fn open(&self, instance: &Instance) -> Result<Arc<dyn Channel>, ChannelError>;
}

/// One instance's way to WhatsApp. Methods may take as long as the network does; the caller bounds them.
#[async_trait]
pub trait Channel: Send + Sync {
    /// Whether the channel can do this at all.
    fn supports(&self, action: SendAction) -> bool;

    /// Sends a message under the id `id`, to the recipient `remote_jid`. Not retried by the caller.
    ///
    /// # Errors
    /// [`ChannelError`]; the message was certainly not sent unless the variant is `Failed`.
    async fn send(
        &self,
        id: &str,
        remote_jid: &str,
        message: &Outgoing,
    ) -> Result<SentMessage, ChannelError>;
}

//! Opens channels.

use std::sync::Arc;

use async_trait::async_trait;
use pombo_domain::channel::ChannelError;
use pombo_domain::instance::ChannelKind;
use pombo_domain::port::{Channel, ChannelFactory, ChannelOpening};

use crate::channel::WhatsappChannel;
use crate::config::WhatsappConfig;

/// Opens channels to WhatsApp Web.
pub struct WhatsappFactory {
    config: Arc<WhatsappConfig>,
}

impl WhatsappFactory {
    /// A factory for channels of this configuration.
    #[must_use]
    pub fn new(config: WhatsappConfig) -> Self {
        Self {
            config: Arc::new(config),
        }
    }
}

#[async_trait]
impl ChannelFactory for WhatsappFactory {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Whatsapp
    }

    async fn open(&self, opening: ChannelOpening) -> Result<Arc<dyn Channel>, ChannelError> {
        Ok(WhatsappChannel::open(Arc::clone(&self.config), opening))
    }
}

//! Opens channels, and holds what all of them share.

use std::sync::Arc;

use async_trait::async_trait;
use pombo_domain::channel::ChannelError;
use pombo_domain::instance::ChannelKind;
use pombo_domain::port::{Channel, ChannelFactory, ChannelOpening};
use pombo_domain::proxy::Proxy;
use tokio_rustls::rustls::ClientConfig;

use crate::channel::WhatsappChannel;
use crate::config::WhatsappConfig;
use crate::session::pacing::Pacing;
use crate::transport::{Route, Target, probe};
use crate::version::Versions;

/// What all channels of a server share.
pub(crate) struct Shared {
    pub(crate) config: WhatsappConfig,
    pub(crate) target: Target,
    pub(crate) tls: Arc<ClientConfig>,
    pub(crate) pacing: Arc<Pacing>,
    pub(crate) versions: Versions,
}

/// Opens channels to WhatsApp Web.
pub struct WhatsappFactory {
    shared: Arc<Shared>,
}

impl WhatsappFactory {
    /// A factory for channels of this configuration.
    ///
    /// # Errors
    /// When this build cannot go where the configuration says, or the default proxy makes no sense.
    pub fn new(config: WhatsappConfig) -> Result<Self, ChannelError> {
        let target = Target::new(config.simulator.as_deref())?;
        if let Some(proxy) = &config.proxy {
            Route::of(proxy)?;
        }
        let tls = pombo_net::client::websocket_tls()
            .map_err(|error| ChannelError::Failed(error.to_string()))?;
        let versions = Versions::new(config.version, &target);
        Ok(Self {
            shared: Arc::new(Shared {
                config,
                target,
                tls: Arc::new(tls),
                pacing: Arc::new(Pacing::new()),
                versions,
            }),
        })
    }
}

#[async_trait]
impl ChannelFactory for WhatsappFactory {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Whatsapp
    }

    async fn open(&self, opening: ChannelOpening) -> Result<Arc<dyn Channel>, ChannelError> {
        Ok(WhatsappChannel::open(Arc::clone(&self.shared), opening))
    }

    async fn try_proxy(&self, proxy: &Proxy) -> Result<(), ChannelError> {
        let Some(route) = Route::of(proxy)? else {
            return Ok(());
        };
        probe(&self.shared.target, &route, &self.shared.tls).await
    }
}

//! The channel of `WHATSAPP-BAILEYS` instances.

use std::sync::Arc;

use anyhow::Context;
use pombo_channel_whatsapp::{WhatsappConfig, WhatsappFactory};
use pombo_core::GatewayBuilder;
use pombo_domain::proxy::Proxy;
use secrecy::ExposeSecret;
use tracing::warn;

use crate::config::Config;

/// Adds the channel.
///
/// # Errors
/// When a setting asks for what it cannot do.
pub(super) fn channel(config: &Config, builder: GatewayBuilder) -> anyhow::Result<GatewayBuilder> {
    if cfg!(feature = "sandbox") && config.sandbox.simulator.is_none() {
        warn!(
            "this build reaches a simulator only, and POMBO_SIMULATOR_URL names none: no WhatsApp"
        );
        return Ok(builder);
    }
    let factory = WhatsappFactory::new(whatsapp_config(config))
        .context("the WhatsApp channel cannot start")?;
    Ok(builder.channel(Arc::new(factory)))
}

fn whatsapp_config(config: &Config) -> WhatsappConfig {
    let instances = &config.instances;
    WhatsappConfig {
        client: instances.device_name.clone(),
        browser: instances.browser.clone(),
        version: instances.whatsapp_version,
        qr_limit: instances.qr_code.limit,
        proxy: config.proxy.as_ref().map(|proxy| Proxy {
            enabled: true,
            host: proxy.host.clone(),
            port: proxy.port.to_string(),
            protocol: proxy.protocol.to_owned(),
            username: proxy.username.clone().unwrap_or_default(),
            password: proxy
                .password
                .as_ref()
                .map(|password| password.expose_secret().to_owned())
                .unwrap_or_default(),
        }),
        watch: instances.ping,
        simulator: config.sandbox.simulator.clone(),
    }
}

//! The configuration, as the routes and Socket.IO want it.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use pombo_api::{AddressRule, ApiConfig, CorsPolicy, MetaConfig, MetricsAccess, MetricsLogin};
use pombo_domain::subscription::TransportKind;
use pombo_transports::socketio::{AllowedHosts, SocketIoConfig};
use secrecy::ExposeSecret;

use crate::config::{AddressList, Config, Origins};

pub(super) fn socketio_config(config: &Config) -> anyhow::Result<SocketIoConfig> {
    let allowed = &config.websocket.allowed_hosts;
    let texts: Vec<_> = allowed
        .ranges()
        .iter()
        .map(ToString::to_string)
        .chain(allowed.is_everybody().then(|| "*".to_owned()))
        .collect();
    Ok(SocketIoConfig {
        binary: config.websocket.binary,
        eio3: config.websocket.eio3,
        allowed_hosts: AllowedHosts::parse(texts.iter().map(String::as_str))?,
        origin_allowed: match config.cors.origins.clone() {
            Origins::Any => None,
            listed @ Origins::Only(_) => Some(Arc::new(move |origin: &str| listed.allows(origin))),
        },
        ..SocketIoConfig::default()
    })
}

pub(super) fn cors(config: &Config) -> CorsPolicy {
    let policy = match config.cors.origins.clone() {
        Origins::Any => CorsPolicy::any(),
        listed @ Origins::Only(_) => CorsPolicy::listed(move |origin| listed.allows(origin)),
    };
    policy
        .methods(&config.cors.methods)
        .credentials(config.cors.credentials)
}

fn rule(list: &AddressList) -> AddressRule {
    let list = list.clone();
    AddressRule::new(move |address: IpAddr| list.contains(address))
}

pub(super) fn api_config(config: &Config, cors: CorsPolicy) -> ApiConfig {
    let mut transports = BTreeSet::from([TransportKind::Webhook]);
    let switches = [
        (TransportKind::Websocket, config.websocket.enabled),
        (TransportKind::Rabbitmq, config.rabbitmq.is_some()),
        (TransportKind::Nats, config.nats.is_some()),
        (TransportKind::Mqtt, config.mqtt.is_some()),
        (TransportKind::Kafka, config.kafka.is_some()),
        (TransportKind::Sqs, config.sqs.is_some()),
        (TransportKind::Pusher, config.pusher.is_some()),
    ];
    transports.extend(
        switches
            .into_iter()
            .filter(|(_, on)| *on)
            .map(|(transport, _)| transport),
    );
    let facebook = &config.business.facebook;
    ApiConfig {
        server_url: config.server.url.clone(),
        meta: MetaConfig {
            webhook_token: config.business.webhook_token.expose_secret().to_owned(),
            app_id: facebook.app_id.clone(),
            config_id: facebook.config_id.clone(),
            user_token: facebook
                .user_token
                .as_ref()
                .map(|token| token.expose_secret().to_owned()),
        },
        transports,
        inbound_key_required: config.auth.evolution_webhook,
        body_limit: config.server.body_limit,
        request_timeout: config.server.request_timeout,
        trusted_proxies: rule(&config.server.trusted_proxies),
        websocket_exempt: rule(&config.websocket.allowed_hosts),
        cors,
        metrics_access: MetricsAccess {
            addresses: (!config.metrics.allowed.is_empty()).then(|| rule(&config.metrics.allowed)),
            basic: config.metrics.auth_required.then(|| MetricsLogin {
                user: config.metrics.user.clone(),
                password: config.metrics.password.clone(),
            }),
        },
        ..ApiConfig::default()
    }
}

//! The configuration, as the store, the outbound client and the rules want it.

use std::sync::Arc;
use std::time::Duration;

use pombo_core::{FailedDelivery, GatewayConfig, RetrySchedule, SaveSwitches};
use pombo_domain::event::envelope::EnvelopeStyle;
use pombo_domain::subscription::{Subscription, TransportKind};
use pombo_net::{Backoff, Growth, NextAttempt, RetryLimit, ThreadRandom};
use pombo_store::{Backend, DbConfig, Synchronous};
use secrecy::SecretString;
use serde_json::json;

use super::brokers::{self, global_subscription};
use crate::config::{self, Config, DatabaseBackend, SqliteSynchronous};

/// Connections to a database server.
const DATABASE_CONNECTIONS: u32 = 8;

pub(super) fn database(config: &Config) -> DbConfig {
    let backend = match &config.database.backend {
        DatabaseBackend::Sqlite { path, synchronous } => Backend::Sqlite {
            path: path.clone(),
            synchronous: match synchronous {
                SqliteSynchronous::Full => Synchronous::Full,
                SqliteSynchronous::Normal => Synchronous::Normal,
            },
        },
        DatabaseBackend::Postgres { uri, migrations } => Backend::Postgres {
            url: uri.clone(),
            bouncer: migrations.is_some(),
        },
        DatabaseBackend::Mysql { uri } => Backend::Mysql { url: uri.clone() },
    };
    DbConfig {
        backend,
        wait: config.database.wait,
        max_connections: DATABASE_CONNECTIONS,
    }
}

pub(super) fn outbound(config: &Config) -> pombo_net::OutboundConfig {
    let policy = match config.outbound.policy {
        config::OutboundPolicy::Open => pombo_net::OutboundPolicy::Open,
        config::OutboundPolicy::Private => pombo_net::OutboundPolicy::Private,
        config::OutboundPolicy::Public => pombo_net::OutboundPolicy::Public,
    };
    pombo_net::OutboundConfig {
        policy,
        request_timeout: config.webhook.request_timeout,
        ..Default::default()
    }
}

pub(super) fn gateway_config(config: &Config, api_key: SecretString) -> GatewayConfig {
    let save = &config.database.save;
    GatewayConfig {
        expose_token: config.auth.expose_in_fetch_instances,
        client_name: config.instances.client_name.clone(),
        envelope: EnvelopeStyle {
            server_url: config.server.url.as_deref().map(Into::into),
            local_time: config.events.local_time,
        },
        save: SaveSwitches {
            messages: save.messages,
            message_updates: save.message_updates,
            contacts: save.contacts,
            chats: save.chats,
            history: save.history,
            labels: save.labels,
            numbers: save.numbers,
            keep_revoked: save.keep_revoked,
        },
        websocket_global: config.websocket.enabled && config.websocket.global_events,
        retention: config.events.retention,
        max_events: config.events.max_rows,
        delete_unopened_after: config.instances.delete_after,
        global: global_webhook(config)
            .map(|webhook| (TransportKind::Webhook, Arc::new(webhook)))
            .into_iter()
            .chain(brokers::global(config))
            .collect(),
        retry: retry_schedule(config),
        own_name: config.instances.own_name.clone(),
        qr_color: config.instances.qr_code.color.clone(),
        ..GatewayConfig::with_api_key(api_key)
    }
}

/// The subscription of the webhook that gets everybody's events. It has no row: its options live in the environment.
fn global_webhook(config: &Config) -> Option<Subscription> {
    let global = config.webhook.global.as_ref()?;
    let options = json!({"url": global.url, "webhookByEvents": global.by_events});
    Some(global_subscription(
        TransportKind::Webhook,
        &global.events,
        options,
    ))
}

/// Unset: our schedule over 72 hours. Set: what the variables mean in the original.
fn retry_schedule(config: &Config) -> RetrySchedule {
    let set = &config.webhook.retry;
    let schedule = if set.is_unset() {
        pombo_net::RetrySchedule::default()
    } else {
        pombo_net::RetrySchedule {
            backoff: Backoff {
                initial: set.initial_delay.unwrap_or(Duration::from_secs(5)),
                max: set.max_delay.unwrap_or(Duration::from_secs(300)),
                growth: if set.exponential.unwrap_or(true) {
                    Growth::Doubling
                } else {
                    Growth::Constant
                },
                jitter_factor: set.jitter.unwrap_or(0.2),
            },
            limit: RetryLimit::Attempts(set.max_attempts.unwrap_or(10)),
        }
    };
    RetrySchedule::new(move |failed: FailedDelivery| {
        match schedule.next(failed.attempts, failed.age, failed.asked, &ThreadRandom) {
            NextAttempt::After(delay) => Some(delay),
            NextAttempt::GiveUp => None,
        }
    })
}

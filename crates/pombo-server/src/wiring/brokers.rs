//! The transports to brokers that are switched on, and who gets everybody's events over them.

use std::collections::BTreeMap;
use std::sync::Arc;

#[cfg(any(feature = "rabbitmq", feature = "nats", feature = "mqtt"))]
use anyhow::Context;
use pombo_domain::clock::{Clock, SystemClock};
use pombo_domain::event::EventKind;
use pombo_domain::id::RowId;
use pombo_domain::port::EventTransport;
use pombo_domain::subscription::{EventList, Subscription, TransportKind};
use pombo_net::OutboundClient;
use pombo_transports::pusher::{PusherConfig, PusherTransport};
use pombo_transports::sqs::{GlobalQueues, SqsConfig, SqsTransport};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

use crate::config::{Config, EventFlags};

/// Every broker that is switched on.
///
/// # Errors
/// When a setting asks for what a client cannot do.
pub(super) fn transports(
    config: &Config,
    outbound: &OutboundClient,
) -> anyhow::Result<Vec<Arc<dyn EventTransport>>> {
    Ok([
        rabbitmq(config)?,
        nats(config)?,
        mqtt(config)?,
        pusher(config, outbound),
        sqs(config, outbound),
        kafka(config)?,
    ]
    .into_iter()
    .flatten()
    .collect())
}

/// The subscriptions of everybody's events, made of the environment.
pub(super) fn global(config: &Config) -> BTreeMap<TransportKind, Arc<Subscription>> {
    [
        global_rabbitmq(config),
        global_nats(config),
        global_mqtt(config),
        global_pusher(config),
        global_sqs(config),
        global_kafka(config),
    ]
    .into_iter()
    .flatten()
    .map(|subscription| (subscription.transport, Arc::new(subscription)))
    .collect()
}

/// A subscription without a row: its options live in the environment. `global` among them is what transports tell it by.
pub(super) fn global_subscription(
    transport: TransportKind,
    events: &EventFlags,
    options: Value,
) -> Subscription {
    let mut options = match options {
        Value::Object(options) => options,
        _ => Map::new(),
    };
    options.insert("global".to_owned(), true.into());
    // The original's flag for group updates is `GROUPS_UPDATE`.
    let on = EventKind::ALL
        .into_iter()
        .map(EventKind::upper)
        .filter(|name| events.contains(name));
    let now = SystemClock.now();
    Subscription {
        id: RowId::from("global".to_owned()),
        instance_id: "".into(),
        transport,
        enabled: true,
        events: EventList::new(on),
        options,
        created_at: now,
        updated_at: now,
        retired_at_seq: None,
    }
}

#[cfg(feature = "rabbitmq")]
fn rabbitmq(config: &Config) -> anyhow::Result<Option<Arc<dyn EventTransport>>> {
    use pombo_transports::rabbitmq::{RabbitmqConfig, RabbitmqTransport};

    let Some(rabbitmq) = config.rabbitmq.as_ref() else {
        return Ok(None);
    };
    let declare = global_rabbitmq(config).map(|global| {
        EventKind::ALL
            .into_iter()
            .filter(|kind| global.events.contains(*kind))
            .collect()
    });
    let transport = RabbitmqTransport::start(RabbitmqConfig {
        uri: rabbitmq.uri.clone(),
        exchange: rabbitmq.exchange.clone(),
        frame_max: rabbitmq.frame_max,
        prefix: rabbitmq.prefix.clone(),
        declare: declare.unwrap_or_default(),
    })
    .context("RABBITMQ_URI")?;
    Ok(Some(Arc::new(transport)))
}

#[cfg(not(feature = "rabbitmq"))]
fn rabbitmq(config: &Config) -> anyhow::Result<Option<Arc<dyn EventTransport>>> {
    if config.rabbitmq.is_some() {
        tracing::warn!(
            "RABBITMQ_ENABLED=true: this build is without RabbitMQ; subscriptions are stored"
        );
    }
    Ok(None)
}

fn global_rabbitmq(config: &Config) -> Option<Subscription> {
    let events = config.rabbitmq.as_ref()?.global.as_ref()?;
    Some(global_subscription(
        TransportKind::Rabbitmq,
        events,
        json!({}),
    ))
}

#[cfg(feature = "nats")]
fn nats(config: &Config) -> anyhow::Result<Option<Arc<dyn EventTransport>>> {
    use pombo_transports::nats::{NatsConfig, NatsTransport};

    let Some(nats) = config.nats.as_ref() else {
        return Ok(None);
    };
    let transport = NatsTransport::new(NatsConfig {
        uri: nats.uri.clone(),
        prefix: nats.prefix.clone(),
        jetstream: nats.jetstream,
    })
    .context("NATS_URI")?;
    Ok(Some(Arc::new(transport)))
}

#[cfg(not(feature = "nats"))]
fn nats(config: &Config) -> anyhow::Result<Option<Arc<dyn EventTransport>>> {
    if config.nats.is_some() {
        tracing::warn!("NATS_ENABLED=true: this build is without NATS; subscriptions are stored");
    }
    Ok(None)
}

fn global_nats(config: &Config) -> Option<Subscription> {
    let events = config.nats.as_ref()?.global.as_ref()?;
    Some(global_subscription(TransportKind::Nats, events, json!({})))
}

#[cfg(feature = "mqtt")]
fn mqtt(config: &Config) -> anyhow::Result<Option<Arc<dyn EventTransport>>> {
    use pombo_transports::mqtt::{MqttConfig, MqttTransport};

    let Some(mqtt) = config.mqtt.as_ref() else {
        return Ok(None);
    };
    let transport = MqttTransport::start(MqttConfig {
        url: mqtt.url.clone(),
        prefix: mqtt.prefix.clone(),
    })
    .context("POMBO_MQTT_URL")?;
    Ok(Some(Arc::new(transport)))
}

#[cfg(not(feature = "mqtt"))]
fn mqtt(config: &Config) -> anyhow::Result<Option<Arc<dyn EventTransport>>> {
    if config.mqtt.is_some() {
        tracing::warn!(
            "POMBO_MQTT_ENABLED=true: this build is without MQTT; subscriptions are stored"
        );
    }
    Ok(None)
}

fn global_mqtt(config: &Config) -> Option<Subscription> {
    let events = config.mqtt.as_ref()?.global.as_ref()?;
    Some(global_subscription(TransportKind::Mqtt, events, json!({})))
}

fn pusher(config: &Config, outbound: &OutboundClient) -> Option<Arc<dyn EventTransport>> {
    let pusher = config.pusher.as_ref()?;
    let config = PusherConfig {
        host: pusher.host.clone(),
        ..PusherConfig::default()
    };
    Some(Arc::new(PusherTransport::new(
        config,
        outbound.clone(),
        Arc::new(SystemClock),
    )))
}

fn global_pusher(config: &Config) -> Option<Subscription> {
    let app = config.pusher.as_ref()?.global.as_ref()?;
    let options = json!({"appId": app.app_id, "key": app.key, "secret": app.secret.expose_secret(), "cluster": app.cluster,
        "useTLS": app.tls});
    Some(global_subscription(
        TransportKind::Pusher,
        &app.events,
        options,
    ))
}

fn sqs(config: &Config, outbound: &OutboundClient) -> Option<Arc<dyn EventTransport>> {
    let sqs = config.sqs.as_ref()?;
    let config = SqsConfig {
        access_key_id: sqs.access_key_id.clone(),
        secret_access_key: sqs.secret_access_key.clone(),
        account_id: sqs.account_id.clone(),
        region: sqs.region.clone(),
        endpoint: sqs.endpoint.clone(),
        max_payload: sqs.max_payload,
        server_name: config.server.name.clone(),
        global: sqs.global.is_some().then(|| GlobalQueues {
            prefix: sqs.global_prefix.clone(),
            single: sqs.single_queue,
        }),
        timeout: std::time::Duration::from_secs(30),
    };
    Some(Arc::new(SqsTransport::new(
        config,
        outbound.clone(),
        Arc::new(SystemClock),
    )))
}

fn global_sqs(config: &Config) -> Option<Subscription> {
    let events = config.sqs.as_ref()?.global.as_ref()?;
    Some(global_subscription(TransportKind::Sqs, events, json!({})))
}

#[cfg(feature = "kafka")]
fn kafka(config: &Config) -> anyhow::Result<Option<Arc<dyn EventTransport>>> {
    use pombo_transports::kafka::{
        KafkaConfig, KafkaLogin, KafkaMechanism, KafkaTls, KafkaTransport, NewTopics,
    };

    let Some(kafka) = config.kafka.as_ref() else {
        return Ok(None);
    };
    let tls = match &kafka.tls {
        None => None,
        Some(tls) if !tls.verify => anyhow::bail!(
            "KAFKA_SSL_REJECT_UNAUTHORIZED=false is not supported: a broker that anybody could stand in for gets no events; \
             give its certificate authority in KAFKA_SSL_CA"
        ),
        Some(tls) => Some(KafkaTls {
            authority: tls.authority.clone(),
            client: match (&tls.certificate, &tls.private_key) {
                (Some(certificate), Some(key)) => Some((certificate.clone(), key.clone())),
                (None, None) => None,
                (Some(_), None) | (None, Some(_)) => {
                    anyhow::bail!("KAFKA_SSL_CERT and KAFKA_SSL_KEY need each other")
                }
            },
        }),
    };
    let login = kafka.sasl.as_ref().map(|sasl| KafkaLogin {
        mechanism: match sasl.mechanism {
            "scram-sha-256" => KafkaMechanism::ScramSha256,
            "scram-sha-512" => KafkaMechanism::ScramSha512,
            _ => KafkaMechanism::Plain,
        },
        username: sasl.username.clone(),
        password: sasl.password.clone(),
    });
    let transport = KafkaTransport::new(KafkaConfig {
        brokers: kafka.brokers.clone(),
        client_id: kafka.client_id.clone(),
        topic_prefix: kafka.topic_prefix.clone(),
        create_topics: kafka.create_topics.then(|| NewTopics {
            partitions: i32::try_from(kafka.partitions).unwrap_or(1),
            replication: i16::try_from(kafka.replication).unwrap_or(1),
        }),
        connect_timeout: kafka.connection_timeout,
        request_timeout: kafka.request_timeout,
        login,
        tls,
    })?;
    Ok(Some(Arc::new(transport)))
}

#[cfg(not(feature = "kafka"))]
fn kafka(config: &Config) -> anyhow::Result<Option<Arc<dyn EventTransport>>> {
    if config.kafka.is_some() {
        tracing::warn!("KAFKA_ENABLED=true: this build is without Kafka; subscriptions are stored");
    }
    Ok(None)
}

fn global_kafka(config: &Config) -> Option<Subscription> {
    let events = config.kafka.as_ref()?.global.as_ref()?;
    Some(global_subscription(TransportKind::Kafka, events, json!({})))
}

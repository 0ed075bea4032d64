use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use chrono::DateTime;
use pombo_domain::event::{Event, envelope};
use pombo_domain::port::{Delivered, DeliveryError, EventTransport};
use pombo_domain::subscription::{Subscription, TransportKind};
use rskafka::record::Record;

use super::client::Cluster;
use super::config::{KafkaConfig, KafkaSetupError};
use super::names::topic;
use super::tls::client_config;
use crate::link::{retry, unreachable};

/// Delivers events to topics of Kafka. Connects when the first event is to go out, and again whenever it must.
pub struct KafkaTransport {
    prefix: String,
    timeout: Duration,
    cluster: Cluster,
}

impl KafkaTransport {
    /// A transport that is not connected yet.
    ///
    /// # Errors
    /// When a setting cannot be used.
    pub fn new(config: KafkaConfig) -> Result<Self, KafkaSetupError> {
        let tls = config.tls.as_ref().map(client_config).transpose()?;
        Ok(Self {
            prefix: config.topic_prefix.clone(),
            timeout: config.connect_timeout + config.request_timeout,
            cluster: Cluster::new(config, tls),
        })
    }
}

/// Compatible: the headers of the original, and the event's id, by which a reader knows a repetition.
fn record(event: &Event, envelope: &[u8], global: bool) -> Record {
    let new = &event.event;
    let (instance, kind) = (new.instance.name.as_str(), new.kind.as_str());
    let key = if global {
        format!("{instance}-{kind}")
    } else {
        instance.to_owned()
    };
    let headers = [
        ("event", kind),
        ("instance", instance),
        ("origin", "ChannelStartupService"),
        ("timestamp", &new.at.to_iso()),
        ("id", new.id.as_str()),
    ];
    Record {
        key: Some(key.into_bytes()),
        value: Some(envelope::extend(envelope, &[("timestamp", &new.at.millis())]).to_vec()),
        headers: headers
            .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
            .into_iter()
            .collect::<BTreeMap<_, _>>(),
        timestamp: DateTime::from_timestamp_millis(new.at.millis()).unwrap_or_default(),
    }
}

#[async_trait]
impl EventTransport for KafkaTransport {
    fn kind(&self) -> TransportKind {
        TransportKind::Kafka
    }

    async fn deliver(
        &self,
        event: &Event,
        envelope: &[u8],
        subscription: &Subscription,
        _attempt: u32,
    ) -> Result<Delivered, DeliveryError> {
        let global = subscription.flag("global");
        let instance = event.event.instance.name.as_str();
        let topic = topic(
            &self.prefix,
            (!global).then_some(instance),
            event.event.kind,
        );
        let record = record(event, envelope, global);
        match tokio::time::timeout(self.timeout, self.cluster.write(&topic, record)).await {
            Ok(Ok(())) => Ok(Delivered { status: None }),
            Ok(Err(failed)) if failed.is_permanent() => Err(DeliveryError::Permanent {
                reason: failed.to_string(),
                status: None,
            }),
            Ok(Err(failed)) if failed.is_unanswered() => Err(unreachable(failed.to_string())),
            Ok(Err(failed)) => Err(retry(failed.to_string())),
            Err(_) => {
                self.cluster.forget(&topic);
                Err(unreachable(format!(
                    "Kafka did not answer within {:?}",
                    self.timeout
                )))
            }
        }
    }
}

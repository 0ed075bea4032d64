use std::time::Duration;

use async_trait::async_trait;
use pombo_domain::event::{Event, EventKind};
use pombo_domain::port::{Delivered, DeliveryError, EventTransport};
use pombo_domain::subscription::{Subscription, TransportKind};
use rumqttc::v5::mqttbytes::v5::PublishProperties;

use super::broker::{Connector, PublishError};
use super::config::{MqttConfig, MqttConfigError};
use super::topic;
use crate::link::{Link, retry, unreachable};

/// How long one attempt may take.
const TIMEOUT: Duration = Duration::from_secs(15);
/// The longest topic that MQTT can carry, in bytes.
const LONGEST_TOPIC: usize = 65_535;

/// Delivers events to an MQTT broker.
pub struct MqttTransport {
    prefix: String,
    link: Link<Connector>,
}

impl MqttTransport {
    /// A transport that starts connecting at once, and keeps at it. Must be called inside a Tokio runtime.
    ///
    /// # Errors
    /// When the address cannot be read.
    pub fn start(config: MqttConfig) -> Result<Self, MqttConfigError> {
        let link = Link::start(Connector(config.options()?));
        Ok(Self {
            prefix: config.prefix.trim_matches('/').to_owned(),
            link,
        })
    }
}

#[async_trait]
impl EventTransport for MqttTransport {
    fn kind(&self) -> TransportKind {
        TransportKind::Mqtt
    }

    async fn deliver(
        &self,
        event: &Event,
        envelope: &[u8],
        _subscription: &Subscription,
        _attempt: u32,
    ) -> Result<Delivered, DeliveryError> {
        let event = &event.event;
        let topic = topic::of(&self.prefix, event.instance.name.as_str(), event.kind);
        if topic.len() > LONGEST_TOPIC {
            return Err(permanent("the topic is too long"));
        }
        let properties = PublishProperties {
            payload_format_indicator: Some(1),
            content_type: Some("application/json".to_owned()),
            user_properties: vec![("id".to_owned(), event.id.as_str().to_owned())],
            ..PublishProperties::default()
        };
        let retain = event.kind == EventKind::ConnectionUpdate;
        let broker = self.link.connection().await?;
        let published = broker.publish(&topic, retain, envelope.to_vec(), properties);
        match tokio::time::timeout(TIMEOUT, published).await {
            Ok(Ok(())) => Ok(Delivered { status: None }),
            Ok(Err(error @ PublishError::TooLarge { .. })) => Err(permanent(&error.to_string())),
            Ok(Err(error @ PublishError::Refused(_))) => Err(retry(error.to_string())),
            Ok(Err(error @ (PublishError::Lost | PublishError::Full))) => {
                Err(unreachable(error.to_string()))
            }
            Err(_) => {
                broker.give_up();
                Err(unreachable("no PUBACK in time".to_owned()))
            }
        }
    }
}

fn permanent(reason: &str) -> DeliveryError {
    DeliveryError::Permanent {
        reason: reason.to_owned(),
        status: None,
    }
}

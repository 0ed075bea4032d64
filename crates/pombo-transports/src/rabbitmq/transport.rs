use std::time::Duration;

use async_trait::async_trait;
use lapin::BasicProperties;
use pombo_domain::event::Event;
use pombo_domain::port::{Delivered, DeliveryError, EventTransport};
use pombo_domain::subscription::{Subscription, TransportKind};

use super::broker::Connector;
use super::config::{InvalidUri, RabbitmqConfig};
use super::names::{NameTooLong, Route};
use crate::link::{Link, retry, unreachable};

/// How long one attempt may take.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Messages of one line that may wait for their confirms.
const IN_FLIGHT: usize = 128;
/// AMQP's word for a message that is written to disk.
const PERSISTENT: u8 = 2;

/// Delivers events to RabbitMQ.
pub struct RabbitmqTransport {
    exchange: String,
    prefix: Option<String>,
    link: Link<Connector>,
}

impl RabbitmqTransport {
    /// A transport that starts connecting at once, and keeps at it. Must be called inside a Tokio runtime.
    ///
    /// # Errors
    /// When the address cannot be read.
    pub fn start(config: RabbitmqConfig) -> Result<Self, InvalidUri> {
        let uri = config.amqp_uri()?;
        let RabbitmqConfig {
            exchange,
            prefix,
            declare,
            ..
        } = config;
        let declare = declare
            .into_iter()
            .filter_map(|kind| Route::global(&exchange, prefix.as_deref(), kind).ok())
            .collect();
        let link = Link::start(Connector { uri, declare });
        Ok(Self {
            exchange,
            prefix,
            link,
        })
    }

    fn route(&self, event: &Event, subscription: &Subscription) -> Result<Route, NameTooLong> {
        let kind = event.event.kind;
        if subscription.flag("global") {
            Route::global(&self.exchange, self.prefix.as_deref(), kind)
        } else {
            Route::of_instance(event.event.instance.name.as_str(), kind)
        }
    }
}

#[async_trait]
impl EventTransport for RabbitmqTransport {
    fn kind(&self) -> TransportKind {
        TransportKind::Rabbitmq
    }

    fn in_flight(&self) -> usize {
        IN_FLIGHT
    }

    async fn deliver(
        &self,
        event: &Event,
        envelope: &[u8],
        subscription: &Subscription,
        _attempt: u32,
    ) -> Result<Delivered, DeliveryError> {
        let route = self
            .route(event, subscription)
            .map_err(|error| DeliveryError::Permanent {
                reason: error.to_string(),
                status: None,
            })?;
        let properties = BasicProperties::default()
            .with_content_type("application/json".into())
            .with_delivery_mode(PERSISTENT)
            .with_message_id(event.event.id.as_str().into())
            .with_type(event.event.kind.as_str().into())
            .with_timestamp(u64::try_from(event.event.at.seconds()).unwrap_or_default());
        let broker = self.link.connection().await?;
        let published = broker.publish(&route, envelope, &properties);
        match tokio::time::timeout(TIMEOUT, published).await {
            Ok(Ok(())) => Ok(Delivered { status: None }),
            Ok(Err(error)) if broker.is_lost() => Err(unreachable(error.to_string())),
            Ok(Err(error)) => Err(retry(error.to_string())),
            // It takes nothing from anybody while it lacks memory or disk.
            Err(_) => Err(unreachable("the broker did not confirm in time".to_owned())),
        }
    }
}

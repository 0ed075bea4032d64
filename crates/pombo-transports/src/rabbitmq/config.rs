use std::str::FromStr;

use lapin::uri::AMQPUri;
use pombo_domain::event::EventKind;
use secrecy::{ExposeSecret, SecretString};

/// Seconds between two signs of life. Source: observed on the original, v2.3.6.
const HEARTBEAT: u16 = 30;

/// The RabbitMQ transport. Source: `RABBITMQ_*`.
#[derive(Debug, Clone)]
pub struct RabbitmqConfig {
    /// `amqp://user:password@host:5672/vhost`; `amqps` for TLS.
    pub uri: SecretString,
    /// The exchange for the events of all instances.
    pub exchange: String,
    /// The largest frame, in bytes.
    pub frame_max: u32,
    /// In front of the names of global queues.
    pub prefix: Option<String>,
    /// Queues that are there before the first event: those of the global subscription.
    pub declare: Vec<EventKind>,
}

/// `RABBITMQ_URI` cannot be read. The text does not repeat it: it may hold a password.
#[derive(Debug, thiserror::Error)]
#[error("the address of RabbitMQ cannot be read: expected amqp://user:password@host:5672/vhost")]
pub struct InvalidUri;

impl RabbitmqConfig {
    pub(super) fn amqp_uri(&self) -> Result<AMQPUri, InvalidUri> {
        let text = self.uri.expose_secret();
        let mut uri = AMQPUri::from_str(text).map_err(|_| InvalidUri)?;
        // The library takes an IPv6 address for no host at all.
        let host = url::Url::parse(text).map_err(|_| InvalidUri)?;
        if let Some(url::Host::Ipv6(address)) = host.host() {
            uri.authority.host = address.to_string();
        }
        if uri.vhost.is_empty() {
            "/".clone_into(&mut uri.vhost);
        }
        uri.query.frame_max = Some(self.frame_max);
        uri.query.heartbeat.get_or_insert(HEARTBEAT);
        Ok(uri)
    }
}

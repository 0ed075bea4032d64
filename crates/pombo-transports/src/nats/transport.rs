use std::time::Duration;

use async_nats::HeaderMap;
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::Either;
use pombo_domain::event::Event;
use pombo_domain::port::{Delivered, DeliveryError, EventTransport};
use pombo_domain::subscription::{Subscription, TransportKind};
use tokio::sync::OnceCell;

use super::config::{InvalidUri, NatsConfig};
use super::jetstream::{Address, Streams};
use super::server::Server;
use super::subject;
use crate::link::unreachable;

/// How long one attempt may take.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Messages of one line that may wait for the server.
const IN_FLIGHT: usize = 128;
/// The header by which JetStream, and careful readers, know a repetition.
const MESSAGE_ID: &str = "Nats-Msg-Id";

/// Delivers events to NATS.
pub struct NatsTransport {
    servers: Vec<async_nats::ServerAddr>,
    prefix: Option<String>,
    jetstream: bool,
    connection: OnceCell<(Server, Option<Streams>)>,
}

impl NatsTransport {
    /// A transport that connects with the first event, and keeps at it from then on.
    ///
    /// # Errors
    /// When the address cannot be read.
    pub fn new(config: NatsConfig) -> Result<Self, InvalidUri> {
        Ok(Self {
            servers: config.servers()?,
            prefix: config.prefix,
            jetstream: config.jetstream,
            connection: OnceCell::new(),
        })
    }

    async fn connection(&self) -> Result<&(Server, Option<Streams>), DeliveryError> {
        let start = || async {
            let server = Server::start(self.servers.clone()).await?;
            let streams = self.jetstream.then(|| Streams::new(server.client.clone()));
            Ok((server, streams))
        };
        self.connection
            .get_or_try_init(start)
            .await
            .map_err(|error: async_nats::Error| unreachable(error.to_string()))
    }

    fn address(&self, event: &Event, subscription: &Subscription) -> Address {
        let kind = event.event.kind;
        let instance = event.event.instance.name.as_str();
        let global = subscription.flag("global");
        let (subject, filter) = match (global, &self.prefix) {
            (false, _) => (
                subject::of_instance(instance, kind),
                format!("{}.>", subject::token(instance)),
            ),
            (true, Some(prefix)) => (subject::global(Some(prefix), kind), format!("{prefix}.>")),
            (true, None) => (subject::global(None, kind), subject::global(None, kind)),
        };
        Address {
            subject,
            filter,
            global,
        }
    }
}

#[async_trait]
impl EventTransport for NatsTransport {
    fn kind(&self) -> TransportKind {
        TransportKind::Nats
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
        let (server, streams) = self.connection().await?;
        server.ready().await?;
        let largest = server.client.max_payload();
        if envelope.len() > largest {
            return Err(DeliveryError::Permanent {
                reason: format!(
                    "{} bytes: the server takes no more than {largest}",
                    envelope.len()
                ),
                status: None,
            });
        }
        let address = self.address(event, subscription);
        let mut headers = HeaderMap::new();
        headers.insert(MESSAGE_ID, event.event.id.as_str());
        let body = Bytes::copy_from_slice(envelope);
        let published = async {
            let lost = std::pin::pin!(server.cut_off());
            let sent = std::pin::pin!(async {
                match streams {
                    Some(streams) => streams.publish(&address, headers, body).await,
                    None => {
                        let sent = server.publish(address.subject, headers, body).await;
                        sent.map_err(|error| unreachable(error.to_string()))
                    }
                }
            });
            match futures_util::future::select(sent, lost).await {
                Either::Left((sent, _)) => sent,
                Either::Right(((), _)) => Err(unreachable("the connection was lost".to_owned())),
            }
        };
        match tokio::time::timeout(TIMEOUT, published).await {
            Ok(Ok(())) => Ok(Delivered { status: None }),
            // What an error says may have come of the loss.
            Ok(Err(error)) if server.is_cut_off() => Err(unreachable(error.to_string())),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(unreachable("the server did not confirm in time".to_owned())),
        }
    }
}

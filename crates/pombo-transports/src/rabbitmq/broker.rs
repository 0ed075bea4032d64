//! The connection to the broker, and what is declared on it.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use lapin::options::{
    BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions, QueueBindOptions,
    QueueDeclareOptions,
};
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::types::{AMQPValue, FieldTable};
use lapin::uri::AMQPUri;
use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, ErrorKind,
    ExchangeKind,
};
use tracing::warn;

use super::names::Route;
use crate::link::Connect;

/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How often a quiet connection is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// Connects, and declares what is to be there before the first event.
pub(super) struct Connector {
    pub(super) uri: AMQPUri,
    pub(super) declare: Vec<Route>,
}

impl Connect for Connector {
    type Connection = Broker;
    const BROKER: &'static str = "RabbitMQ";

    async fn connect(&self) -> Result<(Broker, BoxFuture<'static, String>), String> {
        tokio::time::timeout(CONNECT_TIMEOUT, self.open())
            .await
            .unwrap_or_else(|_| Err("no answer in time".to_owned()))
    }
}

impl Connector {
    async fn open(&self) -> Result<(Broker, BoxFuture<'static, String>), String> {
        let properties = ConnectionProperties::default().with_connection_name("pombo".into());
        let connection = Connection::connect_uri(self.uri.clone(), properties)
            .await
            .map_err(|error| error.to_string())?;
        let mut events = Box::pin(connection.events_listener());
        let status = connection.status().clone();
        let lost = async move {
            let mut reason = "closed".to_owned();
            while status.connected() {
                // The library tells of errors; of a connection that was closed in peace it only knows when asked.
                match tokio::time::timeout(LOOK, events.next()).await {
                    Ok(Some(lapin::Event::Error(error))) => reason = error.to_string(),
                    Ok(None) => break,
                    Ok(Some(_)) | Err(_) => {}
                }
            }
            reason
        };
        let publisher = confirming(&connection)
            .await
            .map_err(|error| error.to_string())?;
        let broker = Broker {
            connection,
            publisher: tokio::sync::Mutex::new(publisher),
            declared: Mutex::default(),
        };
        for route in &self.declare {
            // The others may be fine, and this one is declared again, or told of, with its first event.
            if let Err(error) = broker.declare(route).await {
                warn!("cannot declare the queue {}: {error}", route.queue);
            }
        }
        Ok((broker, lost.boxed()))
    }
}

async fn confirming(connection: &Connection) -> lapin::Result<Channel> {
    let channel = connection.create_channel().await?;
    channel
        .confirm_select(ConfirmSelectOptions::default())
        .await?;
    Ok(channel)
}

/// The broker did not take a message.
#[derive(Debug, thiserror::Error)]
pub(super) enum PublishError {
    #[error("{0}")]
    Amqp(#[from] lapin::Error),
    #[error("the broker did not take the message")]
    Refused,
    #[error("no queue is bound for the event")]
    Unroutable,
}

/// One connection with one channel that everything is published on.
pub(super) struct Broker {
    connection: Connection,
    publisher: tokio::sync::Mutex<Channel>,
    declared: Mutex<BTreeSet<Route>>,
}

impl Broker {
    /// Publishes and waits for the confirm. A queue that somebody deleted is made again.
    pub(super) async fn publish(
        &self,
        route: &Route,
        body: &[u8],
        properties: &BasicProperties,
    ) -> Result<(), PublishError> {
        for attempt in 1.. {
            match self.publish_once(route, body, properties).await {
                Ok(Confirmation::Ack(None)) => return Ok(()),
                Ok(Confirmation::Ack(Some(_))) => {
                    self.declared().remove(route);
                    if attempt > 1 {
                        return Err(PublishError::Unroutable);
                    }
                }
                Ok(Confirmation::Nack(_) | Confirmation::NotRequested) => break,
                // The exchange is gone, or the connection.
                Err(error) => {
                    self.declared().remove(route);
                    return Err(error.into());
                }
            }
        }
        Err(PublishError::Refused)
    }

    /// Whether the connection has ended.
    pub(super) fn is_lost(&self) -> bool {
        !self.connection.status().connected()
    }

    /// Whoever begins first publishes first; confirms are waited for together.
    async fn publish_once(
        &self,
        route: &Route,
        body: &[u8],
        properties: &BasicProperties,
    ) -> lapin::Result<Confirmation> {
        let options = BasicPublishOptions {
            mandatory: true,
            ..Default::default()
        };
        let confirm = {
            let mut publisher = self.publisher.lock().await;
            // An error closed the last one.
            if !publisher.status().connected() {
                *publisher = confirming(&self.connection).await?;
            }
            if !self.declared().contains(route) {
                self.declare(route).await?;
            }
            publisher
                .basic_publish(
                    route.exchange.clone(),
                    route.key.clone(),
                    options,
                    body,
                    properties.clone(),
                )
                .await?
        };
        confirm.await
    }

    /// Makes exchange, queue and binding. What exists with other properties is taken as it is.
    async fn declare(&self, route: &Route) -> lapin::Result<()> {
        // On a channel of their own: a refusal closes it, and must not take the confirms of others with it.
        let mut channel = self.connection.create_channel().await?;
        let declare = |channel: Channel, passive| async move {
            let options = ExchangeDeclareOptions {
                durable: true,
                passive,
                ..Default::default()
            };
            channel
                .exchange_declare(
                    route.exchange.clone(),
                    ExchangeKind::Topic,
                    options,
                    FieldTable::default(),
                )
                .await
        };
        if let Err(error) = declare(channel.clone(), false).await {
            channel = self.after_mismatch(error).await?;
            declare(channel.clone(), true).await?;
        }
        let declare = |channel: Channel, passive| async move {
            let options = QueueDeclareOptions {
                durable: true,
                passive,
                ..Default::default()
            };
            let mut arguments = FieldTable::default();
            arguments.insert(
                "x-queue-type".into(),
                AMQPValue::LongString("quorum".into()),
            );
            channel
                .queue_declare(route.queue.clone(), options, arguments)
                .await
                .map(drop)
        };
        if let Err(error) = declare(channel.clone(), false).await {
            channel = self.after_mismatch(error).await?;
            declare(channel.clone(), true).await?;
        }
        channel
            .queue_bind(
                route.queue.clone(),
                route.exchange.clone(),
                route.key.clone(),
                QueueBindOptions::default(),
                FieldTable::default(),
            )
            .await?;
        self.declared().insert(route.clone());
        Ok(())
    }

    /// A new channel, when the error says no more than that the thing exists with other properties.
    async fn after_mismatch(&self, error: lapin::Error) -> lapin::Result<Channel> {
        const MISMATCH: AMQPErrorKind = AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED);
        match error.kind() {
            ErrorKind::ProtocolError(told) if *told.kind() == MISMATCH => {
                self.connection.create_channel().await
            }
            _ => Err(error),
        }
    }

    fn declared(&self) -> std::sync::MutexGuard<'_, BTreeSet<Route>> {
        self.declared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

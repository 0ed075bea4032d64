//! The program and a real RabbitMQ on 127.0.0.1:5672.

use futures_util::StreamExt;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, ExchangeDeleteOptions, QueueDeclareOptions,
    QueueDeleteOptions,
};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ConnectionProperties};
use pombo_tests::{DEADLINE, Server, until};
use serde_json::json;

use crate::support::NUMBER;
use crate::support::broker::{Arrived, Way, check, complete, post, reachable, unique};

const PORT: u16 = 5672;

struct Broker {
    connection: Connection,
    channel: Channel,
}

impl Broker {
    async fn connect() -> Self {
        let uri = format!("amqp://guest:guest@127.0.0.1:{PORT}");
        let properties = ConnectionProperties::default();
        let connection = Connection::connect(&uri, properties)
            .await
            .expect("RabbitMQ");
        let channel = connection.create_channel().await.expect("a channel");
        Self {
            connection,
            channel,
        }
    }

    /// Whatever is in the queue until `count` messages are, waiting for the queue too.
    async fn read(&self, queue: &str, count: usize) -> Vec<Arrived> {
        until("the queue", || async {
            let passive = QueueDeclareOptions {
                passive: true,
                ..Default::default()
            };
            let channel = self.connection.create_channel().await.ok()?;
            let table = FieldTable::default();
            channel
                .queue_declare(queue.into(), passive, table)
                .await
                .ok()
        })
        .await;
        // A queue that was declared a moment ago may not answer yet: the broker then closes the whole connection
        // (INTERNAL_ERROR), so each try has one of its own.
        let (_connection, _channel, mut messages) = until("a consumer", || async {
            let own = Self::connect().await;
            let tag = unique("tag");
            let consuming = own.channel.basic_consume(
                queue.into(),
                tag.as_str().into(),
                BasicConsumeOptions::default(),
                FieldTable::default(),
            );
            let messages = consuming.await.ok()?;
            Some((own.connection, own.channel, messages))
        })
        .await;
        let mut arrived = Vec::new();
        while !complete(&arrived, count) {
            let message = tokio::time::timeout(DEADLINE, messages.next()).await;
            let message = message.expect("in time").expect("open").expect("a message");
            let id = message.properties.message_id().as_ref().expect("an id");
            arrived.push(Arrived::new(id.as_str(), &message.data));
            message
                .ack(BasicAckOptions::default())
                .await
                .expect("acknowledged");
        }
        arrived
    }

    async fn clear(&self, exchange: &str, queue: &str) {
        let options = QueueDeleteOptions::default();
        self.channel.queue_delete(queue.into(), options).await.ok();
        let options = ExchangeDeleteOptions::default();
        self.channel
            .exchange_delete(exchange.into(), options)
            .await
            .ok();
    }
}

#[tokio::test]
async fn an_event_goes_to_its_instance_and_to_everybody() {
    if !reachable("RabbitMQ", PORT) {
        return;
    }
    let (instance, exchange, prefix) = (unique("acme"), unique("all"), unique("eu"));
    let uri = format!("amqp://guest:guest@127.0.0.1:{PORT}");
    let server = Server::start(&[
        ("RABBITMQ_ENABLED", "true"),
        ("RABBITMQ_URI", &uri),
        ("RABBITMQ_GLOBAL_ENABLED", "true"),
        ("RABBITMQ_EXCHANGE_NAME", &exchange),
        ("RABBITMQ_PREFIX_KEY", &prefix),
        ("RABBITMQ_EVENTS_MESSAGES_UPSERT", "true"),
    ])
    .await;
    let client = server.client();
    let own = json!({"rabbitmq": {"enabled": true, "events": ["MESSAGES_UPSERT"]}});
    client.create(&instance, NUMBER, own).await;
    post(&client, 0..3).await;
    let broker = Broker::connect().await;
    let queues = [
        format!("{instance}.messages.upsert"),
        format!("{prefix}.messages.upsert"),
    ];
    let own = broker.read(&queues[0], 3).await;
    check(&own, 3);
    assert_eq!(broker.read(&queues[1], 3).await, own);
    broker.clear(&instance, &queues[0]).await;
    broker.clear(&exchange, &queues[1]).await;
}

#[tokio::test]
async fn a_broker_that_is_down_and_a_kill_lose_nothing() {
    if !reachable("RabbitMQ", PORT) {
        return;
    }
    let (instance, mut way) = (unique("down"), Way::to(PORT));
    let uri = format!("amqp://guest:guest@127.0.0.1:{}", way.port);
    let mut server = Server::start(&[
        ("RABBITMQ_ENABLED", "true"),
        ("RABBITMQ_URI", &uri),
        // The schedule is not for receivers that cannot be reached.
        ("WEBHOOK_RETRY_MAX_ATTEMPTS", "1"),
    ])
    .await;
    let client = server.client();
    let own = json!({"rabbitmq": {"enabled": true, "events": ["MESSAGES_UPSERT"]}});
    client.create(&instance, NUMBER, own).await;
    post(&client, 0..20).await;
    server.kill().await;
    server.start_again().await;
    post(&server.client(), 20..30).await;
    way.open().await;
    let (broker, queue) = (
        Broker::connect().await,
        format!("{instance}.messages.upsert"),
    );
    let mut arrived = broker.read(&queue, 30).await;
    way.cut().await;
    post(&server.client(), 30..40).await;
    server.kill().await;
    way.open().await;
    server.start_again().await;
    post(&server.client(), 40..50).await;
    broker
        .channel
        .close(200, "done".into())
        .await
        .expect("closed");
    let broker = Broker::connect().await;
    while !complete(&arrived, 50) {
        arrived.extend(broker.read_one(&queue).await);
    }
    check(&arrived, 50);
    broker.clear(&instance, &queue).await;
}

impl Broker {
    async fn read_one(&self, queue: &str) -> Option<Arrived> {
        let options = lapin::options::BasicGetOptions { no_ack: true };
        let message = until("a message", || async {
            self.channel
                .basic_get(queue.into(), options)
                .await
                .expect("open")
        })
        .await;
        let id = message.properties.message_id().as_ref()?;
        Some(Arrived::new(id.as_str(), &message.data))
    }
}

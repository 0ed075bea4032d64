//! A real RabbitMQ on 127.0.0.1:5672.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, ExchangeDeclareOptions, ExchangeDeleteOptions,
    QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Connection, ConnectionProperties, ExchangeKind};
use pombo_domain::event::EventKind;
use pombo_domain::port::DeliveryError;
use pombo_transports::rabbitmq::{RabbitmqConfig, RabbitmqTransport};
use serde_json::Value;

use crate::support::broker::{Way, an_event, attempt, insist, reachable, unique};
use crate::support::soon;

const PORT: u16 = 5672;

fn config(port: u16, exchange: &str) -> RabbitmqConfig {
    RabbitmqConfig {
        uri: format!("amqp://guest:guest@127.0.0.1:{port}").into(),
        exchange: exchange.to_owned(),
        frame_max: 8192,
        prefix: None,
        declare: Vec::new(),
    }
}

fn transport(exchange: &str) -> RabbitmqTransport {
    RabbitmqTransport::start(config(PORT, exchange)).unwrap()
}

struct Consumer {
    _connection: Connection,
    channel: Channel,
}

impl Consumer {
    async fn connect() -> Self {
        let connection = Connection::connect(
            "amqp://guest:guest@127.0.0.1:5672",
            ConnectionProperties::default(),
        )
        .await
        .unwrap();
        let channel = connection.create_channel().await.unwrap();
        Self {
            _connection: connection,
            channel,
        }
    }

    async fn next(&self, queue: &str) -> Delivery {
        // A queue that was declared a moment ago may not answer yet: the broker then closes the whole connection
        // (INTERNAL_ERROR), so each try has one of its own.
        let start = std::time::Instant::now();
        let (_own, mut messages) = loop {
            let own = Self::connect().await;
            let tag = unique("consumer");
            let consuming = own.channel.basic_consume(
                queue.into(),
                tag.as_str().into(),
                BasicConsumeOptions::default(),
                FieldTable::default(),
            );
            match consuming.await {
                Ok(messages) => break (own, messages),
                Err(error) => assert!(start.elapsed().as_secs() < 30, "{error}"),
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        };
        let delivery = soon("a message", messages.next()).await.unwrap().unwrap();
        delivery.ack(BasicAckOptions::default()).await.unwrap();
        delivery
    }

    /// Fails when the queue is not of that type.
    async fn is(&self, queue: &str, kind: &str) {
        let mut arguments = FieldTable::default();
        arguments.insert("x-queue-type".into(), AMQPValue::LongString(kind.into()));
        self.channel
            .queue_declare(queue.into(), QueueDeclareOptions::durable(), arguments)
            .await
            .unwrap();
    }

    async fn clear(&self, exchange: &str, queues: &[String]) {
        for queue in queues {
            self.channel
                .queue_delete(queue.as_str().into(), QueueDeleteOptions::default())
                .await
                .ok();
        }
        // A busy broker answers INTERNAL_ERROR to this at times, and closes the connection; a leftover hurts nobody.
        let options = ExchangeDeleteOptions::default();
        self.channel
            .exchange_delete(exchange.into(), options)
            .await
            .ok();
    }
}

#[tokio::test]
async fn an_instance_has_an_exchange_and_its_queues() {
    if !reachable("RabbitMQ", PORT) {
        return;
    }
    let (instance, consumer) = (unique("acme"), Consumer::connect().await);
    let transport = transport("unused");
    let kind = EventKind::GroupParticipantsUpdate;
    let event = an_event(&instance, kind);
    attempt(&transport, &event, false).await.unwrap();
    let queue = format!("{instance}.group-participants.update");
    let message = consumer.next(&queue).await;
    assert_eq!(message.exchange.as_str(), instance);
    assert_eq!(message.routing_key.as_str(), "group-participants.update");
    let properties = &message.properties;
    let text = |text: &Option<lapin::types::ShortString>| text.as_ref().unwrap().to_string();
    assert_eq!(text(properties.content_type()), "application/json");
    assert_eq!(text(properties.message_id()), event.event.id.as_str());
    assert_eq!(text(properties.kind()), "group-participants.update");
    assert_eq!(*properties.delivery_mode(), Some(2));
    assert_eq!(*properties.timestamp(), Some(1_795_393_206));
    let body: Value = serde_json::from_slice(&message.data).unwrap();
    assert_eq!(body["instance"], instance);
    assert_eq!(body["data"], serde_json::json!({"a": 1}));
    consumer.is(&queue, "quorum").await;
    consumer.clear(&instance, &[queue]).await;
}

#[tokio::test]
async fn everybodys_events_have_one_exchange() {
    if !reachable("RabbitMQ", PORT) {
        return;
    }
    let (exchange, prefix) = (unique("all"), unique("eu"));
    let consumer = Consumer::connect().await;
    let transport = RabbitmqTransport::start(RabbitmqConfig {
        prefix: Some(prefix.clone()),
        declare: vec![EventKind::Call, EventKind::MessagesUpsert],
        ..config(PORT, &exchange)
    })
    .unwrap();
    let event = an_event("acme", EventKind::MessagesUpsert);
    attempt(&transport, &event, true).await.unwrap();
    let queues = [
        format!("{prefix}.messages.upsert"),
        format!("{prefix}.call"),
    ];
    let message = consumer.next(&queues[0]).await;
    assert_eq!(message.exchange.as_str(), exchange);
    assert_eq!(message.routing_key.as_str(), "messages.upsert");
    // The other was there before its first event.
    consumer.is(&queues[1], "quorum").await;
    consumer.clear(&exchange, &queues).await;
}

#[tokio::test]
async fn what_exists_is_respected() {
    if !reachable("RabbitMQ", PORT) {
        return;
    }
    let (instance, consumer) = (unique("classic"), Consumer::connect().await);
    let queue = format!("{instance}.call");
    let transient = ExchangeDeclareOptions::default();
    consumer
        .channel
        .exchange_declare(
            instance.as_str().into(),
            ExchangeKind::Topic,
            transient,
            FieldTable::default(),
        )
        .await
        .unwrap();
    consumer.is(&queue, "classic").await;
    let transport = transport("unused");
    let event = an_event(&instance, EventKind::Call);
    attempt(&transport, &event, false).await.unwrap();
    assert_eq!(consumer.next(&queue).await.routing_key.as_str(), "call");
    consumer.is(&queue, "classic").await;
    consumer.clear(&instance, &[queue]).await;
}

#[tokio::test]
async fn what_somebody_deleted_is_made_again() {
    if !reachable("RabbitMQ", PORT) {
        return;
    }
    let (instance, consumer) = (unique("deleted"), Consumer::connect().await);
    let transport = transport("unused");
    let event = an_event(&instance, EventKind::Call);
    let queues = [format!("{instance}.call")];
    attempt(&transport, &event, false).await.unwrap();
    consumer
        .channel
        .queue_delete(queues[0].as_str().into(), QueueDeleteOptions::default())
        .await
        .unwrap();
    // An unroutable message comes back, and is not taken for delivered.
    attempt(&transport, &event, false).await.unwrap();
    consumer.next(&queues[0]).await;
    consumer.clear(&instance, &queues).await;
    // Without the exchange the channel is closed, and a new one is made.
    insist(&transport, &event).await;
    let consumer = Consumer::connect().await;
    consumer.next(&queues[0]).await;
    consumer.clear(&instance, &queues).await;
}

#[tokio::test]
async fn large_messages_are_cut_into_frames() {
    if !reachable("RabbitMQ", PORT) {
        return;
    }
    let (instance, consumer) = (unique("large"), Consumer::connect().await);
    let transport = transport("unused");
    let event = an_event(&instance, EventKind::Call);
    let body = vec![b'x'; 300_000];
    let subscription = crate::support::broker::subscription(&transport, false);
    pombo_domain::port::EventTransport::deliver(&transport, &event, &body, &subscription, 1)
        .await
        .unwrap();
    let queue = format!("{instance}.call");
    assert_eq!(consumer.next(&queue).await.data, body);
    consumer.clear(&instance, &[queue]).await;
}

#[tokio::test]
async fn names_that_cannot_be_are_given_up() {
    if !reachable("RabbitMQ", PORT) {
        return;
    }
    let event = an_event(&"é".repeat(200), EventKind::Call);
    let error = attempt(&transport("unused"), &event, false).await;
    assert!(matches!(error, Err(DeliveryError::Permanent { .. })));
}

#[tokio::test]
async fn down_is_told_at_once_and_ends() {
    if !reachable("RabbitMQ", PORT) {
        return;
    }
    let mut way = Way::to(PORT).await;
    let transport = RabbitmqTransport::start(config(way.port, "unused")).unwrap();
    let (instance, consumer) = (unique("down"), Consumer::connect().await);
    let event = an_event(&instance, EventKind::Call);
    for _ in 0..3 {
        let start = Instant::now();
        let error = attempt(&transport, &event, false).await.unwrap_err();
        assert!(matches!(error, DeliveryError::Unreachable { .. }));
        assert!(!error.to_string().contains("guest"), "{error}");
        assert!(start.elapsed() < Duration::from_secs(3));
    }
    way.open().await;
    insist(&transport, &event).await;
    way.cut().await;
    soon("an error", async {
        while attempt(&transport, &event, false).await.is_ok() {}
    })
    .await;
    way.open().await;
    insist(&transport, &event).await;
    consumer
        .clear(&instance, &[format!("{instance}.call")])
        .await;
}

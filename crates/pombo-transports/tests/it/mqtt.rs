//! A real Mosquitto on 127.0.0.1:1883.

use std::time::{Duration, Instant};

use pombo_domain::event::EventKind;
use pombo_domain::port::DeliveryError;
use pombo_transports::mqtt::{MqttConfig, MqttTransport};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Packet, Publish};
use rumqttc::v5::{AsyncClient, Event, EventLoop, MqttOptions};
use serde_json::Value;

use crate::support::broker::{Way, an_event, attempt, insist, reachable, unique};
use crate::support::soon;

const PORT: u16 = 1883;

fn transport(port: u16, prefix: &str) -> MqttTransport {
    MqttTransport::start(MqttConfig {
        url: format!("mqtt://127.0.0.1:{port}").into(),
        prefix: prefix.to_owned(),
    })
    .unwrap()
}

struct Subscriber {
    _client: AsyncClient,
    events: EventLoop,
}

impl Subscriber {
    async fn to(topic: &str) -> Self {
        let options = MqttOptions::new(unique("test"), "127.0.0.1", PORT);
        let (client, mut events) = AsyncClient::new(options, 10);
        client.subscribe(topic, QoS::AtLeastOnce).await.unwrap();
        soon("the subscription", async {
            while !matches!(
                events.poll().await.unwrap(),
                Event::Incoming(Packet::SubAck(_))
            ) {}
        })
        .await;
        Self {
            _client: client,
            events,
        }
    }

    async fn next(&mut self) -> Publish {
        soon("a message", async {
            loop {
                if let Event::Incoming(Packet::Publish(message)) = self.events.poll().await.unwrap()
                {
                    break message;
                }
            }
        })
        .await
    }
}

#[tokio::test]
async fn topics_and_properties() {
    if !reachable("Mosquitto", PORT) {
        return;
    }
    let prefix = unique("pombo");
    let mut subscriber = Subscriber::to(&format!("{prefix}/#")).await;
    let transport = transport(PORT, &prefix);
    let event = an_event("a+b/c#", EventKind::MessagesUpsert);
    attempt(&transport, &event, false).await.unwrap();
    let message = subscriber.next().await;
    assert_eq!(
        String::from_utf8_lossy(&message.topic),
        format!("{prefix}/a%2Bb%2Fc%23/messages.upsert")
    );
    assert_eq!(message.qos, QoS::AtLeastOnce);
    assert!(!message.retain);
    let properties = message.properties.unwrap();
    assert_eq!(properties.content_type.as_deref(), Some("application/json"));
    let id = ("id".to_owned(), event.event.id.as_str().to_owned());
    assert_eq!(properties.user_properties, [id]);
    let body: Value = serde_json::from_slice(&message.payload).unwrap();
    assert_eq!(body["instance"], "a+b/c#");
}

#[tokio::test]
async fn the_state_is_retained() {
    if !reachable("Mosquitto", PORT) {
        return;
    }
    let prefix = unique("pombo");
    let transport = transport(PORT, &prefix);
    let event = an_event("acme", EventKind::ConnectionUpdate);
    attempt(&transport, &event, false).await.unwrap();
    let other = an_event("acme", EventKind::Call);
    attempt(&transport, &other, false).await.unwrap();
    // Whoever comes later gets it, and it alone.
    let mut subscriber = Subscriber::to(&format!("{prefix}/#")).await;
    let message = subscriber.next().await;
    assert!(message.retain);
    assert!(message.topic.ends_with(b"/acme/connection.update"));
    let (client, mut events) =
        AsyncClient::new(MqttOptions::new(unique("clear"), "127.0.0.1", PORT), 10);
    let topic = format!("{prefix}/acme/connection.update");
    client
        .publish(topic, QoS::AtLeastOnce, true, Vec::new())
        .await
        .unwrap();
    while !matches!(
        events.poll().await.unwrap(),
        Event::Incoming(Packet::PubAck(_))
    ) {}
}

#[tokio::test]
async fn many_at_once_are_told_apart() {
    if !reachable("Mosquitto", PORT) {
        return;
    }
    let transport = transport(PORT, &unique("pombo"));
    let events: Vec<_> = (0..500)
        .map(|_| an_event("acme", EventKind::Call))
        .collect();
    let attempts = events.iter().map(|event| attempt(&transport, event, false));
    for outcome in futures_util::future::join_all(attempts).await {
        outcome.unwrap();
    }
}

#[tokio::test]
async fn down_is_told_at_once_and_ends() {
    if !reachable("Mosquitto", PORT) {
        return;
    }
    let mut way = Way::to(PORT).await;
    let transport = transport(way.port, &unique("pombo"));
    let event = an_event("acme", EventKind::Call);
    for _ in 0..3 {
        let start = Instant::now();
        let error = attempt(&transport, &event, false).await.unwrap_err();
        assert!(matches!(error, DeliveryError::Unreachable { .. }));
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
}

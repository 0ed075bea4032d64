//! The program and a real Mosquitto on 127.0.0.1:1883.

use pombo_tests::{DEADLINE, Server};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Packet, Publish};
use rumqttc::v5::{AsyncClient, Event, EventLoop, MqttOptions};
use serde_json::json;

use crate::support::NUMBER;
use crate::support::broker::{Arrived, Way, check, complete, post, reachable, unique};

const PORT: u16 = 1883;

struct Subscriber {
    _client: AsyncClient,
    events: EventLoop,
}

impl Subscriber {
    async fn to(topic: &str) -> Self {
        let options = MqttOptions::new(unique("test"), "127.0.0.1", PORT);
        let (client, events) = AsyncClient::new(options, 10);
        let topic = topic.to_owned();
        client
            .subscribe(topic, QoS::AtLeastOnce)
            .await
            .expect("asked");
        let mut subscriber = Self {
            _client: client,
            events,
        };
        while !matches!(subscriber.packet().await, Packet::SubAck(_)) {}
        subscriber
    }

    async fn packet(&mut self) -> Packet {
        loop {
            let event = tokio::time::timeout(DEADLINE, self.events.poll()).await;
            if let Event::Incoming(packet) = event.expect("in time").expect("open") {
                return packet;
            }
        }
    }

    async fn next(&mut self) -> Publish {
        loop {
            if let Packet::Publish(message) = self.packet().await {
                return message;
            }
        }
    }

    async fn read(&mut self, into: &mut Vec<Arrived>, count: usize) {
        while !complete(into, count) {
            let message = self.next().await;
            let properties = message.properties.expect("properties");
            let id = properties.user_properties.first().expect("an id");
            into.push(Arrived::new(&id.1, &message.payload));
        }
    }
}

#[tokio::test]
async fn an_event_goes_to_its_topic_from_either_subscription() {
    if !reachable("Mosquitto", PORT) {
        return;
    }
    let (prefix, url) = (unique("pombo"), format!("mqtt://127.0.0.1:{PORT}"));
    let mut subscriber = Subscriber::to(&format!("{prefix}/acme/messages.upsert")).await;
    let mut settings = vec![
        ("POMBO_MQTT_ENABLED", "true"),
        ("POMBO_MQTT_URL", url.as_str()),
        ("POMBO_MQTT_PREFIX", prefix.as_str()),
    ];
    let server = Server::start(&settings).await;
    let own = json!({"mqtt": {"enabled": true, "events": ["MESSAGES_UPSERT"]}});
    server.client().create("acme", NUMBER, own).await;
    post(&server.client(), 0..3).await;
    let mut arrived = Vec::new();
    subscriber.read(&mut arrived, 3).await;
    check(&arrived, 3);
    settings.extend([
        ("POMBO_MQTT_GLOBAL_ENABLED", "true"),
        ("POMBO_MQTT_EVENTS_MESSAGES_UPSERT", "true"),
    ]);
    let server = Server::start(&settings).await;
    server.client().create("acme", NUMBER, json!({})).await;
    post(&server.client(), 0..3).await;
    arrived.clear();
    subscriber.read(&mut arrived, 3).await;
    check(&arrived, 3);
}

#[tokio::test]
async fn a_broker_that_is_down_and_a_kill_lose_nothing() {
    if !reachable("Mosquitto", PORT) {
        return;
    }
    let (prefix, mut way) = (unique("pombo"), Way::to(PORT));
    let mut subscriber = Subscriber::to(&format!("{prefix}/#")).await;
    let url = format!("mqtt://127.0.0.1:{}", way.port);
    let mut server = Server::start(&[
        ("POMBO_MQTT_ENABLED", "true"),
        ("POMBO_MQTT_URL", &url),
        ("POMBO_MQTT_PREFIX", &prefix),
        // The schedule is not for receivers that cannot be reached.
        ("WEBHOOK_RETRY_MAX_ATTEMPTS", "1"),
    ])
    .await;
    let own = json!({"mqtt": {"enabled": true, "events": ["MESSAGES_UPSERT"]}});
    server.client().create("acme", NUMBER, own).await;
    let mut arrived = Vec::new();
    post(&server.client(), 0..20).await;
    server.kill().await;
    server.start_again().await;
    post(&server.client(), 20..30).await;
    way.open().await;
    subscriber.read(&mut arrived, 30).await;
    way.cut().await;
    post(&server.client(), 30..40).await;
    server.kill().await;
    way.open().await;
    server.start_again().await;
    post(&server.client(), 40..50).await;
    subscriber.read(&mut arrived, 50).await;
    check(&arrived, 50);
}

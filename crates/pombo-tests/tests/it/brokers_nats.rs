//! The program and a real NATS with JetStream on 127.0.0.1:4222.

use async_nats::{Client, Subscriber, jetstream};
use futures_util::StreamExt;
use pombo_tests::{DEADLINE, Server};
use serde_json::json;

use crate::support::NUMBER;
use crate::support::broker::{Arrived, Way, check, complete, post, reachable, unique};

const PORT: u16 = 4222;

async fn connect() -> Client {
    async_nats::connect(format!("127.0.0.1:{PORT}"))
        .await
        .expect("NATS")
}

fn arrived(message: &async_nats::Message) -> Arrived {
    let headers = message.headers.as_ref().expect("headers");
    let id = headers.get("Nats-Msg-Id").expect("an id");
    Arrived::new(id.as_str(), &message.payload)
}

async fn read(subscriber: &mut Subscriber, into: &mut Vec<Arrived>, count: usize) {
    while !complete(into, count) {
        let message = tokio::time::timeout(DEADLINE, subscriber.next()).await;
        into.push(arrived(&message.expect("in time").expect("open")));
    }
}

#[tokio::test]
async fn an_event_goes_to_its_instance_and_to_everybody() {
    if !reachable("NATS", PORT) {
        return;
    }
    let (instance, prefix, client) = (unique("acme"), unique("eu"), connect().await);
    let mut subscribers = Vec::new();
    for start in [&instance, &prefix] {
        let subject = format!("{start}.messages.upsert");
        subscribers.push(client.subscribe(subject).await.expect("subscribed"));
    }
    client.flush().await.expect("flushed");
    let uri = format!("nats://127.0.0.1:{PORT}");
    let server = Server::start(&[
        ("NATS_ENABLED", "true"),
        ("NATS_URI", &uri),
        ("NATS_GLOBAL_ENABLED", "true"),
        ("NATS_PREFIX_KEY", &prefix),
        ("NATS_EVENTS_MESSAGES_UPSERT", "true"),
    ])
    .await;
    let client = server.client();
    let own = json!({"nats": {"enabled": true, "events": ["MESSAGES_UPSERT"]}});
    client.create(&instance, NUMBER, own).await;
    post(&client, 0..3).await;
    for subscriber in &mut subscribers {
        let mut arrived = Vec::new();
        read(subscriber, &mut arrived, 3).await;
        check(&arrived, 3);
    }
}

/// Without JetStream: whoever listens all the time gets everything.
#[tokio::test]
async fn a_server_that_is_down_and_a_kill_lose_nothing() {
    if !reachable("NATS", PORT) {
        return;
    }
    let (instance, mut way, client) = (unique("down"), Way::to(PORT), connect().await);
    let subject = format!("{instance}.messages.upsert");
    let mut subscriber = client.subscribe(subject).await.expect("subscribed");
    client.flush().await.expect("flushed");
    let mut server = start(way.port, "false").await;
    let own = json!({"nats": {"enabled": true, "events": ["MESSAGES_UPSERT"]}});
    server.client().create(&instance, NUMBER, own).await;
    let mut arrived = Vec::new();
    post(&server.client(), 0..20).await;
    server.kill().await;
    server.start_again().await;
    post(&server.client(), 20..30).await;
    way.open().await;
    read(&mut subscriber, &mut arrived, 30).await;
    way.cut().await;
    post(&server.client(), 30..40).await;
    way.open().await;
    post(&server.client(), 40..50).await;
    read(&mut subscriber, &mut arrived, 50).await;
    check(&arrived, 50);
}

/// With JetStream: whoever comes later gets everything, once.
#[tokio::test]
async fn a_stream_keeps_what_nobody_heard() {
    if !reachable("NATS", PORT) {
        return;
    }
    let (instance, mut way, client) = (unique("kept"), Way::to(PORT), connect().await);
    let context = jetstream::new(client);
    let config = jetstream::stream::Config {
        name: unique("STREAM"),
        subjects: vec![format!("{instance}.>")],
        ..Default::default()
    };
    let stream = context
        .create_stream(config.clone())
        .await
        .expect("a stream");
    let mut server = start(way.port, "true").await;
    let own = json!({"nats": {"enabled": true, "events": ["MESSAGES_UPSERT"]}});
    server.client().create(&instance, NUMBER, own).await;
    post(&server.client(), 0..20).await;
    way.open().await;
    server.kill().await;
    server.start_again().await;
    post(&server.client(), 20..40).await;
    let consumer = stream
        .create_consumer(jetstream::consumer::pull::Config::default())
        .await
        .expect("a consumer");
    let mut messages = consumer.messages().await.expect("messages");
    let mut seen = Vec::new();
    while !complete(&seen, 40) {
        let message = tokio::time::timeout(DEADLINE, messages.next()).await;
        let message = message.expect("in time").expect("open").expect("a message");
        seen.push(arrived(&message.message));
        message.ack().await.expect("acknowledged");
    }
    check(&seen, 40);
    assert_eq!(seen.len(), 40, "the server knows a repetition by its id");
    context.delete_stream(&config.name).await.expect("deleted");
}

async fn start(port: u16, jetstream: &str) -> Server {
    let uri = format!("nats://127.0.0.1:{port}");
    Server::start(&[
        ("NATS_ENABLED", "true"),
        ("NATS_URI", &uri),
        ("POMBO_NATS_JETSTREAM", jetstream),
        // The schedule is not for receivers that cannot be reached.
        ("WEBHOOK_RETRY_MAX_ATTEMPTS", "1"),
    ])
    .await
}

//! A real NATS with JetStream on 127.0.0.1:4222.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use pombo_domain::event::EventKind;
use pombo_domain::port::DeliveryError;
use pombo_transports::nats::{NatsConfig, NatsTransport};
use serde_json::Value;

use crate::support::broker::{Way, an_event, attempt, insist, reachable, unique};
use crate::support::soon;

const PORT: u16 = 4222;

fn transport(port: u16, prefix: Option<&str>, jetstream: bool) -> NatsTransport {
    NatsTransport::new(NatsConfig {
        uri: format!("nats://127.0.0.1:{port}").into(),
        prefix: prefix.map(str::to_owned),
        jetstream,
    })
    .unwrap()
}

async fn client() -> async_nats::Client {
    async_nats::connect("127.0.0.1:4222").await.unwrap()
}

fn id(message: &async_nats::Message) -> String {
    let headers = message.headers.as_ref().unwrap();
    headers.get("Nats-Msg-Id").unwrap().as_str().to_owned()
}

#[tokio::test]
async fn subjects_and_headers() {
    if !reachable("NATS", PORT) {
        return;
    }
    let (instance, prefix, client) = (unique("acme"), unique("eu"), client().await);
    let own = format!("{instance}.group-participants.update");
    let mut own = client.subscribe(own).await.unwrap();
    let mut all = client
        .subscribe(format!("{prefix}.group-participants.update"))
        .await
        .unwrap();
    client.flush().await.unwrap();
    let transport = transport(PORT, Some(&prefix), false);
    let event = an_event(&instance, EventKind::GroupParticipantsUpdate);
    attempt(&transport, &event, false).await.unwrap();
    attempt(&transport, &event, true).await.unwrap();
    for subscriber in [&mut own, &mut all] {
        let message = soon("a message", subscriber.next()).await.unwrap();
        assert_eq!(id(&message), event.event.id.as_str());
        let body: Value = serde_json::from_slice(&message.payload).unwrap();
        assert_eq!(body["instance"], instance);
    }
}

#[tokio::test]
async fn a_stream_keeps_each_event_once() {
    if !reachable("NATS", PORT) {
        return;
    }
    let (instance, prefix) = (unique("kept"), unique("global"));
    let jetstream = async_nats::jetstream::new(client().await);
    let transport = transport(PORT, Some(&prefix), true);
    let event = an_event(&instance, EventKind::Call);
    for global in [false, true, false, true] {
        attempt(&transport, &event, global).await.unwrap();
    }
    for (name, start) in [("POMBO", &instance), ("POMBO_GLOBAL", &prefix)] {
        let stream = jetstream.get_stream(name).await.unwrap();
        let mut config = stream.cached_info().config.clone();
        let filter = format!("{start}.>");
        assert!(config.subjects.contains(&filter), "{config:?}");
        let subject = format!("{start}.call");
        let last = stream
            .get_last_raw_message_by_subject(&subject)
            .await
            .unwrap();
        let id = last.headers.get("Nats-Msg-Id").unwrap();
        assert_eq!(id.as_str(), event.event.id.as_str());
        let kept = stream.info_with_subjects(&subject).await.unwrap();
        let kept: Vec<_> = kept.map(|row| row.unwrap()).collect().await;
        assert_eq!(kept, [(subject, 1)]);
        config.subjects.retain(|subject| *subject != filter);
        if config.subjects.is_empty() {
            jetstream.delete_stream(name).await.unwrap();
        } else {
            jetstream.update_stream(config).await.unwrap();
        }
    }
}

#[tokio::test]
async fn somebodys_own_stream_is_used() {
    if !reachable("NATS", PORT) {
        return;
    }
    let (instance, stream) = (unique("own"), unique("OWN"));
    let jetstream = async_nats::jetstream::new(client().await);
    let made = jetstream
        .create_stream(async_nats::jetstream::stream::Config {
            name: stream.clone(),
            subjects: vec![format!("{instance}.*")],
            ..Default::default()
        })
        .await
        .unwrap();
    let transport = transport(PORT, None, true);
    let event = an_event(&instance, EventKind::Call);
    attempt(&transport, &event, false).await.unwrap();
    made.get_last_raw_message_by_subject(&format!("{instance}.call"))
        .await
        .unwrap();
    jetstream.delete_stream(&stream).await.unwrap();
}

#[tokio::test]
async fn down_is_told_at_once_and_ends() {
    if !reachable("NATS", PORT) {
        return;
    }
    let mut way = Way::to(PORT).await;
    let transport = transport(way.port, None, false);
    let event = an_event(&unique("down"), EventKind::Call);
    for _ in 0..3 {
        let start = Instant::now();
        let error = attempt(&transport, &event, false).await.unwrap_err();
        assert!(matches!(error, DeliveryError::Unreachable { .. }));
        // The first waits a moment: perhaps the connection is only being made.
        assert!(start.elapsed() < Duration::from_secs(4));
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

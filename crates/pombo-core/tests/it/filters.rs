//! Filters and payload versions.

use pombo_domain::subscription::TransportKind;
use serde_json::{Value, json};

use crate::kit::{Bench, message_in, until};

const ANN: &str = "1@s.whatsapp.net";
const GROUP: &str = "1203@g.us";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_filter_counts_for_the_webhook_for_clients_and_for_the_log() {
    let bench = Bench::start().await;
    let entry = bench.create("a").await;
    bench
        .options(
            &entry,
            TransportKind::Webhook,
            json!({"filter": {"groups": false, "fromMe": false}}),
        )
        .await;
    bench
        .options(
            &entry,
            TransportKind::Websocket,
            json!({"filter": {"chats": [GROUP]}}),
        )
        .await;
    let from = bench.gateway.history().head();
    for (id, chat, from_me) in [
        ("ANN", ANN, false),
        ("GROUP", GROUP, false),
        ("MINE", ANN, true),
        ("LAST", ANN, false),
    ] {
        bench
            .gateway
            .accept(&entry, message_in(id, chat, from_me))
            .await
            .unwrap();
    }
    until("the last message", || async {
        bench
            .receiver
            .messages()
            .last()
            .is_some_and(|id| id == "LAST")
    })
    .await;
    assert_eq!(bench.receiver.messages(), ["ANN", "LAST"]);
    let page = bench
        .gateway
        .history()
        .after(Some(&entry.state().instance.id), from, 100)
        .await
        .unwrap();
    let chats: Vec<_> = page
        .events
        .iter()
        .filter(|(event, _)| event.event.kind.as_str() == "messages.upsert")
        .map(|(_, envelope)| {
            serde_json::from_slice::<Value>(envelope).unwrap()["data"]["key"]["remoteJid"].clone()
        })
        .collect();
    assert_eq!(chats, [GROUP]);
    let shown = bench.clients.shown.lock().unwrap();
    let messages = shown.iter().filter(|(seq, name, to_instance, _)| {
        *seq > from && name == "messages.upsert" && *to_instance
    });
    assert_eq!(messages.count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_payload_version_has_a_place_and_plain_json() {
    let bench = Bench::start().await;
    let (old, new) = (bench.create("old").await, bench.create("new").await);
    bench
        .options(&new, TransportKind::Webhook, json!({"payload": "v2"}))
        .await;
    for entry in [&old, &new] {
        let mut event = message_in("M", ANN, false);
        let pombo_domain::channel::ChannelEvent::Message(message) = &mut event else {
            panic!("not a message");
        };
        message.message = json!({"imageMessage": {"fileSha256": {"0": 1, "1": 2}, "fileLength": {"low": 5, "high": 0, "unsigned": true}}});

        bench.gateway.accept(entry, event).await.unwrap();
    }
    until("both messages", || async {
        bench
            .receiver
            .seen()
            .iter()
            .filter(|seen| seen.event == "messages.upsert")
            .count()
            == 2
    })
    .await;
    for seen in bench
        .receiver
        .seen()
        .iter()
        .filter(|seen| seen.event == "messages.upsert")
    {
        let image = &seen.envelope["data"]["message"]["imageMessage"];
        if seen.instance == "new" {
            assert_eq!(image, &json!({"fileSha256": "AQI=", "fileLength": "5"}));
            assert_eq!(seen.envelope["id"], seen.id);
            assert!(seen.envelope["seq"].is_i64());
        } else {
            assert_eq!(image["fileSha256"], json!({"0": 1, "1": 2}));
            assert!(seen.envelope.get("id").is_none() && seen.envelope.get("seq").is_none());
        }
    }
}

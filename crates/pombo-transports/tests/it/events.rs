//! Who hears what, and in which form.

use std::sync::atomic::{AtomicBool, Ordering};

use pombo_domain::event::EventKind;
use serde_json::json;

use crate::support::sio::Polling;
use crate::support::{GLOBAL_KEY, Sio, World};

#[tokio::test]
async fn an_event_is_a_text_frame_with_the_envelope_unchanged() {
    let world = World::start().await;
    let acme = world.instance("acme");
    let mut client = Sio::joined(world.address, "/acme", "token-of-acme").await;
    let mut root = Sio::joined(world.address, "/", GLOBAL_KEY).await;
    let envelope = world
        .emit(
            &acme,
            EventKind::MessagesUpsert,
            r#"{"a": "é\u00e9", "b":{"0":1}}"#,
        )
        .await;
    let envelope = String::from_utf8(envelope.to_vec()).unwrap();
    assert_eq!(
        client.text().await,
        format!("42/acme,[\"messages.upsert\",{envelope}]")
    );
    assert_eq!(
        root.text().await,
        format!("42[\"messages.upsert\",{envelope}]")
    );
}

#[tokio::test]
async fn polling_clients_hear_too() {
    let world = World::start().await;
    let acme = world.instance("acme");
    let mut client = Polling::open(world.address, "&apikey=token-of-acme").await;
    client.post("40/acme,").await;
    assert!(client.packet().await.starts_with("40/acme,"));
    for number in 0..20 {
        world
            .emit(&acme, EventKind::Call, &number.to_string())
            .await;
    }
    for number in 0..20 {
        let packet = client.packet().await;
        assert_eq!(crate::support::sio::parse_event(&packet).2["data"], number);
    }
}

#[tokio::test]
async fn the_two_switches_are_obeyed() {
    let world = World::start().await;
    let acme = world.instance("acme");
    let mut client = Sio::joined(world.address, "/acme", GLOBAL_KEY).await;
    let mut root = Sio::joined(world.address, "/", GLOBAL_KEY).await;
    world
        .emit_to(&acme, EventKind::Call, "1", false, true)
        .await;
    world
        .emit_to(&acme, EventKind::Call, "2", true, false)
        .await;
    world.emit_to(&acme, EventKind::Call, "3", true, true).await;
    assert_eq!(
        [
            client.event().await.2["data"].clone(),
            client.event().await.2["data"].clone()
        ],
        [json!(2), json!(3)]
    );
    assert_eq!(
        [
            root.event().await.2["data"].clone(),
            root.event().await.2["data"].clone()
        ],
        [json!(1), json!(3)]
    );
}

#[tokio::test]
async fn on_the_root_a_token_hears_its_own_instances() {
    let world = World::start().await;
    let (acme, other) = (world.instance("acme"), world.instance("other"));
    let mut client = Sio::joined(world.address, "/", "token-of-acme").await;
    world.emit(&other, EventKind::Call, "1").await;
    world.emit(&acme, EventKind::Call, "2").await;
    // A second instance with the same token counts from its first moment on.
    let sister = world.keys.add("sister", "token-of-acme");
    pombo_domain::port::LiveTransport::instance_added(&world.live, &sister);
    world.emit(&sister, EventKind::Call, "3").await;
    assert_eq!(client.event().await.2["data"], 2);
    assert_eq!(client.event().await.2["data"], 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_event_comes_before_the_answer_to_a_join() {
    let world = World::start().await;
    let acme = world.instance("acme");
    let done = AtomicBool::new(false);
    let emitting = async {
        while !done.load(Ordering::Relaxed) {
            world.emit(&acme, EventKind::Call, "1").await;
            tokio::task::yield_now().await;
        }
    };
    let joining = async {
        for _ in 0..50 {
            // Expects the answer first.
            let mut client = Sio::joined(world.address, "/acme", GLOBAL_KEY).await;
            assert_eq!(client.event().await.1, "call");
        }
        done.store(true, Ordering::Relaxed);
    };
    tokio::join!(emitting, joining);
}

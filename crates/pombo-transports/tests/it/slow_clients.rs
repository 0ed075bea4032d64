//! Clients that fall behind.

use pombo_domain::event::EventKind;
use pombo_transports::socketio::SocketIoConfig;
use serde_json::json;

use crate::support::sio::Polling;
use crate::support::{GLOBAL_KEY, Sio, World, until};

async fn world() -> World {
    World::with(SocketIoConfig {
        queue: 16,
        ..SocketIoConfig::default()
    })
    .await
}

#[tokio::test]
async fn a_client_that_stops_reading_is_disconnected_and_the_others_are_not() {
    let world = world().await;
    let acme = world.instance("acme");
    let mut healthy = Sio::joined(world.address, "/acme", GLOBAL_KEY).await;
    let stalled = Sio::joined(world.address, "/acme", GLOBAL_KEY).await;
    let data = json!("x".repeat(50_000)).to_string();
    let mut events = 0;
    // The kernel's buffers take a few megabytes before the queue begins to fill.
    while world.live.metrics().dropped_slow() == 0 {
        world.emit(&acme, EventKind::MessagesUpsert, &data).await;
        assert_eq!(healthy.event().await.1, "messages.upsert");
        events += 1;
        assert!(events < 5000, "the stalled client was never noticed");
    }
    assert_eq!(
        world.live.metrics().clients(),
        1,
        "its session is freed at once"
    );
    world.emit(&acme, EventKind::Call, "1").await;
    assert_eq!(healthy.event().await.1, "call");
    assert_eq!(world.live.metrics().dropped_slow(), 1);
    drop(stalled);
}

#[tokio::test]
async fn a_polling_client_that_does_not_poll_is_disconnected() {
    let world = world().await;
    let acme = world.instance("acme");
    let mut client = Polling::open(world.address, &format!("&apikey={GLOBAL_KEY}")).await;
    client.post("40/acme,").await;
    client.packet().await;
    for _ in 0..20 {
        world.emit(&acme, EventKind::Call, "1").await;
    }
    until("the session's end", || world.live.metrics().clients() == 0).await;
    assert_eq!(client.poll().await.json()["code"], 1);
    assert_eq!(world.live.metrics().dropped_slow(), 1);
}

#[tokio::test]
async fn presence_is_dropped_rather_than_the_client() {
    let world = world().await;
    let acme = world.instance("acme");
    let mut client = Polling::open(world.address, &format!("&apikey={GLOBAL_KEY}")).await;
    client.post("40/acme,").await;
    client.packet().await;
    for _ in 0..40 {
        world
            .emit_volatile(&acme, EventKind::PresenceUpdate, "{}")
            .await;
    }
    assert_eq!(world.live.metrics().clients(), 1);
    assert!(world.live.metrics().dropped_volatile() >= 20);
    assert!(client.packet().await.contains("presence.update"));
}

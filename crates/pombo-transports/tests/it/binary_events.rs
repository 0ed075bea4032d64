//! `WEBSOCKET_BINARY`.

use pombo_domain::event::EventKind;
use pombo_transports::socketio::SocketIoConfig;
use tokio_tungstenite::tungstenite::Message;

use crate::support::sio::Polling;
use crate::support::{GLOBAL_KEY, Sio, World};

const DATA: &str = r#"{"message":{"mediaKey":{"0":1,"1":2,"2":255},"text":"x"},"thumb":{"0":9}}"#;

async fn world() -> World {
    World::with(SocketIoConfig {
        binary: true,
        ..SocketIoConfig::default()
    })
    .await
}

#[tokio::test]
async fn bytes_travel_as_attachments() {
    let world = world().await;
    let acme = world.instance("acme");
    let mut client = Sio::joined(world.address, "/acme", GLOBAL_KEY).await;
    world.emit(&acme, EventKind::MessagesUpsert, DATA).await;
    let text = client.text().await;
    assert!(
        text.starts_with("452-/acme,[\"messages.upsert\",{"),
        "{text}"
    );
    assert!(
        text.contains(r#""mediaKey":{"_placeholder":true,"num":0},"text":"x""#),
        "{text}"
    );
    assert_eq!(client.frame().await, Some(Message::binary(vec![1, 2, 255])));
    assert_eq!(client.frame().await, Some(Message::binary(vec![9])));
}

#[tokio::test]
async fn over_polling_they_are_base64() {
    let world = world().await;
    let acme = world.instance("acme");
    let mut client = Polling::open(world.address, "&apikey=the-global-key").await;
    client.post("40/acme,").await;
    client.packet().await;
    world.emit(&acme, EventKind::MessagesUpsert, DATA).await;
    assert!(client.packet().await.starts_with("452-/acme,["));
    assert_eq!(
        [client.packet().await, client.packet().await],
        ["bAQL/", "bCQ=="]
    );
}

#[tokio::test]
async fn without_bytes_it_is_text() {
    let world = world().await;
    let acme = world.instance("acme");
    let mut client = Sio::joined(world.address, "/acme", GLOBAL_KEY).await;
    world
        .emit(&acme, EventKind::MessagesUpsert, "{\"a\":1}")
        .await;
    assert_eq!(client.event().await.1, "messages.upsert");
}

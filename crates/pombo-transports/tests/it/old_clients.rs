//! Clients of Socket.IO 2 (`EIO=3`), when they are wanted.

use pombo_domain::event::EventKind;
use pombo_transports::socketio::SocketIoConfig;

use crate::support::http::{get, send};
use crate::support::{GLOBAL_KEY, Sio, World};

async fn world() -> World {
    World::with(SocketIoConfig {
        eio3: true,
        ..SocketIoConfig::default()
    })
    .await
}

async fn client(world: &World, query: &str) -> Sio {
    Sio::dial(
        world.address,
        &format!("/socket.io/?EIO=3&transport=websocket{query}"),
        &[],
    )
    .await
    .unwrap()
}

#[tokio::test]
async fn the_root_is_joined_by_connecting() {
    let world = world().await;
    let acme = world.instance("acme");
    let mut client = client(&world, &format!("&apikey={GLOBAL_KEY}")).await;
    assert_eq!(client.text().await, "40");
    world.emit(&acme, EventKind::Call, "1").await;
    assert_eq!(client.event().await.0, "/");
    // The client pings, the server answers.
    client.send("2").await;
    assert_eq!(client.text().await, "3");
}

#[tokio::test]
async fn a_namespace_with_its_query() {
    let world = world().await;
    let acme = world.instance("acme");
    let mut client = client(&world, "").await;
    client.send("40/acme?apikey=token-of-acme,").await;
    assert_eq!(client.text().await, "40/acme,");
    world.emit(&acme, EventKind::Call, "1").await;
    assert_eq!(client.event().await.0, "/acme");
    client.send("40/other?apikey=token-of-acme,").await;
    assert_eq!(client.text().await, "44/other,\"Invalid namespace\"");
}

#[tokio::test]
async fn over_polling() {
    let world = world().await;
    let acme = world.instance("acme");
    let base = "/socket.io/?EIO=3&transport=polling&b64=1";
    let open = get(world.address, &format!("{base}&apikey={GLOBAL_KEY}")).await;
    let (_, open) = open.body.split_once(":0").unwrap();
    let end = open.find('}').unwrap() + 1;
    let open: serde_json::Value = serde_json::from_str(&open[..end]).unwrap();
    let path = format!("{base}&sid={}", open["sid"].as_str().unwrap());
    assert_eq!(get(world.address, &path).await.body, "2:40");
    let join = "8:40/acme,";
    assert_eq!(
        send(
            world.address,
            "POST",
            &path,
            &[("content-type", "text/plain")],
            join
        )
        .await
        .body,
        "ok"
    );
    assert_eq!(get(world.address, &path).await.body, join);
    world
        .emit_to(&acme, EventKind::Call, "1", true, false)
        .await;
    assert!(
        get(world.address, &path)
            .await
            .body
            .contains(":42/acme,[\"call\",")
    );
}

//! Who needs no key.

use pombo_transports::socketio::{AllowedHosts, SocketIoConfig};

use crate::support::{Sio, World};

async fn world(entries: &str) -> World {
    let allowed_hosts = AllowedHosts::parse(entries.split(',')).unwrap();
    World::with(SocketIoConfig {
        allowed_hosts,
        ..SocketIoConfig::default()
    })
    .await
}

const PATH: &str = "/socket.io/?EIO=4&transport=websocket";

#[tokio::test]
async fn a_local_peer_joins_without_a_key() {
    let world = world("127.0.0.0/8").await;
    world.instance("acme");
    let mut client = Sio::open(world.address, "").await;
    client.join("/acme", "").await;
    client.join("/", "").await;
}

#[tokio::test]
async fn a_wrong_key_does_no_harm_there() {
    let world = world("*").await;
    let mut client = Sio::open(world.address, "&apikey=wrong").await;
    client.join("/", "").await;
}

#[tokio::test]
async fn behind_a_proxy_nobody_is_local() {
    for name in ["x-forwarded-for", "forwarded", "x-real-ip"] {
        let world = world("*").await;
        world.instance("acme");
        let mut client = Sio::dial(world.address, PATH, &[(name, "127.0.0.1")])
            .await
            .unwrap();
        assert_eq!(client.refusal("/acme", "").await, "Unauthorized");
    }
}

#[tokio::test]
async fn an_empty_list_exempts_nobody() {
    let world = world("").await;
    let mut client = Sio::open(world.address, "").await;
    assert_eq!(client.refusal("/", "").await, "Unauthorized");
}

//! Instances as namespaces: names, keys, deletion, change of keys.

use pombo_domain::event::EventKind;
use pombo_domain::port::LiveTransport;

use crate::support::{GLOBAL_KEY, Sio, World, soon, until};

#[tokio::test]
async fn a_namespace_exists_as_soon_as_the_instance() {
    let world = World::start().await;
    let mut client = Sio::open(world.address, &format!("&apikey={GLOBAL_KEY}")).await;
    assert_eq!(client.refusal("/acme", "").await, "Invalid namespace");
    world.instance("acme");
    client.join("/acme", "").await;
}

#[tokio::test]
async fn every_spelling_of_a_name_joins_the_same_instance() {
    let world = World::start().await;
    let name = "Ora é/100%, 🐦";
    let instance = world.instance(name);
    let spellings = [
        "Ora%20%C3%A9/100%25%2C%20%F0%9F%90%A6",
        "Ora%20%c3%a9%2F100%25%2C%20🐦",
        "Ora é/100%%2C 🐦",
    ];
    for spelling in spellings {
        let namespace = format!("/{spelling}");
        let mut client = Sio::joined(world.address, &namespace, GLOBAL_KEY).await;
        world.emit(&instance, EventKind::Call, "1").await;
        let (heard_on, event, envelope) = client.event().await;
        assert_eq!((heard_on, event.as_str()), (namespace, "call"));
        assert_eq!(envelope["instance"], name);
    }
    let mut client = Sio::open(world.address, &format!("&apikey={GLOBAL_KEY}")).await;
    assert_eq!(
        client.refusal("/ora%20%C3%A9", "").await,
        "Invalid namespace"
    );
}

#[tokio::test]
async fn a_token_opens_its_own_namespace_only() {
    let world = World::start().await;
    world.instance("acme");
    world.instance("other");
    let mut client = Sio::open(world.address, "&apikey=token-of-acme").await;
    client.join("/acme", "").await;
    assert_eq!(client.refusal("/other", "").await, "Unauthorized");
    client.join("/", "").await;
}

#[tokio::test]
async fn a_key_in_the_auth_object_will_do() {
    let world = World::start().await;
    world.instance("acme");
    for auth in [
        r#"{"apikey":"token-of-acme"}"#,
        r#"{"token":"the-global-key","more":[1]}"#,
        r#"{"apikey":"","token":"token-of-acme"}"#,
    ] {
        Sio::open(world.address, "").await.join("/acme", auth).await;
    }
    // Both keys count: the one of the handshake still opens what it opens.
    let mut client = Sio::open(world.address, "&apikey=token-of-acme").await;
    client.join("/acme", r#"{"apikey":"wrong"}"#).await;
    client.join("/", r#"{"apikey":"the-global-key"}"#).await;
}

#[tokio::test]
async fn without_a_valid_key_nothing_is_told() {
    let world = World::start().await;
    world.instance("acme");
    for auth in [
        "",
        "{}",
        r#"{"apikey":"wrong"}"#,
        r#"{"apikey":7}"#,
        r#"{"apikey":null}"#,
    ] {
        let mut client = Sio::open(world.address, "").await;
        for namespace in ["/acme", "/nobody", "/"] {
            assert_eq!(client.refusal(namespace, auth).await, "Unauthorized");
        }
    }
    assert_eq!(world.live.metrics().refused_joins(), 15);
}

#[tokio::test]
async fn a_deleted_instance_says_goodbye_and_may_come_back() {
    let world = World::start().await;
    let acme = world.instance("acme");
    let mut client = Sio::joined(world.address, "/acme", GLOBAL_KEY).await;
    world.emit(&acme, EventKind::RemoveInstance, "null").await;
    world.delete(&acme).await;
    assert_eq!(client.event().await.1, "remove.instance");
    assert_eq!(client.text().await, "41/acme,");
    assert_eq!(client.refusal("/acme", "").await, "Invalid namespace");
    let acme = world.instance("acme");
    client.join("/acme", "").await;
    world.emit(&acme, EventKind::Call, "1").await;
    assert_eq!(client.event().await.1, "call");
}

#[tokio::test]
async fn a_changed_token_ends_what_the_old_one_opened() {
    let world = World::start().await;
    let acme = world.instance("acme");
    let mut token = Sio::joined(world.address, "/acme", "token-of-acme").await;
    token.join("/", "").await;
    let mut global = Sio::joined(world.address, "/acme", GLOBAL_KEY).await;
    world.keys.change(&acme, "new");
    world.live.keys_changed(&acme).await;
    assert_eq!([token.text().await, token.text().await], ["41/acme,", "41"]);
    assert_eq!(token.refusal("/acme", "").await, "Unauthorized");
    token.join("/acme", r#"{"apikey":"new"}"#).await;
    world.emit(&acme, EventKind::Call, "1").await;
    assert_eq!(global.event().await.1, "call");
}

#[tokio::test]
async fn memberships_end_with_the_connection() {
    let world = World::start().await;
    world.instance("acme");
    let clients: Vec<_> = futures_util::future::join_all(
        (0..20).map(|_| Sio::joined(world.address, "/acme", GLOBAL_KEY)),
    )
    .await;
    assert_eq!(world.live.clients(), 20);
    drop(clients);
    until("everybody to be gone", || world.live.clients() == 0).await;
}

#[tokio::test]
async fn shutting_down_disconnects_everybody() {
    let world = World::start().await;
    world.instance("acme");
    let mut client = Sio::joined(world.address, "/acme", GLOBAL_KEY).await;
    soon("the end", world.live.close()).await;
    client.rest().await;
    assert_eq!(world.live.clients(), 0);
}

//! The cases of the Socket.IO protocol's suite, as far as our server has something to answer.

use serde_json::Value;

use crate::support::{GLOBAL_KEY, Sio, World, quick, until};

async fn client(world: &World) -> Sio {
    Sio::open(world.address, &format!("&apikey={GLOBAL_KEY}")).await
}

#[tokio::test]
async fn joins_the_root_with_and_without_payload() {
    let world = World::start().await;
    client(&world).await.join("/", "").await;
    client(&world).await.join("/", "{\"token\":\"123\"}").await;
}

#[tokio::test]
async fn joins_a_namespace_with_and_without_payload() {
    let world = World::start().await;
    world.instance("custom");
    client(&world).await.join("/custom", "").await;
    client(&world)
        .await
        .join("/custom", "{\"token\":\"abc\"}")
        .await;
    let mut terse = client(&world).await;
    terse.send("40/custom").await;
    assert!(terse.text().await.starts_with("40/custom,{\"sid\""));
}

#[tokio::test]
async fn an_unknown_namespace_is_refused() {
    let world = World::start().await;
    let mut client = client(&world).await;
    client.send("40/random").await;
    assert_eq!(
        client.text().await,
        r#"44/random,{"message":"Invalid namespace"}"#
    );
}

#[tokio::test]
async fn the_public_id_is_not_the_session() {
    let world = World::start().await;
    world.instance("custom");
    let mut client = client(&world).await;
    let mut ids = vec![client.open["sid"].as_str().unwrap().to_owned()];
    for (join, prefix) in [("40", "40"), ("40/custom,", "40/custom,")] {
        client.send(join).await;
        let answer = client.text().await;
        let payload: Value = serde_json::from_str(answer.strip_prefix(prefix).unwrap()).unwrap();
        ids.push(payload["sid"].as_str().unwrap().to_owned());
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn joining_twice_is_ignored() {
    let world = World::start().await;
    let mut client = client(&world).await;
    client.join("/", "").await;
    client.send("40").await;
    client.send("421[\"sendNode\",{}]").await;
    assert!(client.text().await.starts_with("431["));
}

#[tokio::test]
async fn who_joins_nothing_is_disconnected() {
    let world = World::with(quick()).await;
    client(&world).await.rest().await;
    until("the session's end", || world.live.metrics().clients() == 0).await;
}

#[tokio::test]
async fn who_has_joined_stays() {
    let world = World::with(quick()).await;
    let mut client = client(&world).await;
    client.join("/", "").await;
    tokio::time::timeout(quick().connect_timeout * 2, client.frame())
        .await
        .unwrap_err();
    client.send("421[\"sendNode\",{}]").await;
    assert!(client.text().await.starts_with("431["));
}

#[tokio::test]
async fn leaves_the_root_and_a_namespace() {
    let world = World::start().await;
    let acme = world.instance("acme");
    let mut client = client(&world).await;
    client.join("/", "").await;
    client.join("/acme", "").await;
    client.send("41").await;
    // An event shows which membership is left; the order of packets of one connection is kept.
    client.send("42/acme,1[\"sendNode\",{}]").await;
    assert!(client.text().await.starts_with("43/acme,1["));
    world
        .emit(&acme, pombo_domain::event::EventKind::Call, "1")
        .await;
    assert_eq!(client.event().await.0, "/acme");
    client.send("41/acme,").await;
    client.join("/acme", "").await;
}

#[tokio::test]
async fn malformed_packets_close_the_connection() {
    let world = World::start().await;
    for packet in [
        "4abc",
        "42{}",
        "42abc[\"message-with-ack\",1,\"2\"]",
        "40[]",
        "44{}",
        "451[\"x\"]",
        "42[\"connect\"]",
    ] {
        let mut client = client(&world).await;
        client.join("/", "").await;
        client.send(packet).await;
        assert!(client.rest().await.is_empty(), "{packet}");
    }
    until("the sessions' end", || world.live.metrics().clients() == 0).await;
}

#[tokio::test]
async fn attachments_are_awaited() {
    let world = World::start().await;
    let mut client = client(&world).await;
    client.join("/", "").await;
    client
        .send(r#"452-7["sendNode",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#)
        .await;
    client.send_bytes(&[1, 2, 3]).await;
    client.send_bytes(&[4]).await;
    assert!(client.text().await.starts_with("437[{\"ok\":false"));
    // Neither a stray attachment nor text in between is a packet.
    client.send_bytes(&[5]).await;
    assert!(client.rest().await.is_empty());
    let mut other = self::client(&world).await;
    other.join("/", "").await;
    other
        .send(r#"451-["x",{"_placeholder":true,"num":0}]"#)
        .await;
    other.send("42[\"x\"]").await;
    assert!(other.rest().await.is_empty());
}

#[tokio::test]
async fn unknown_events_are_ignored() {
    let world = World::start().await;
    world.instance("acme");
    let mut client = client(&world).await;
    client.join("/acme", "").await;
    client
        .send("42/acme,[\"subscribe\",{\"instance\":\"acme\"}]")
        .await;
    client.send("42/acme,5[\"whatever\",1,2,3]").await;
    client.send("42/elsewhere,[\"whatever\"]").await;
    client.send("42/acme,6[\"sendNode\",{}]").await;
    assert!(client.text().await.starts_with("43/acme,6["));
}

#[tokio::test]
async fn send_node_asks_who_is_asking() {
    let world = World::start().await;
    let acme = world.instance("acme");
    world.instance("other");
    let ask = async |key: &str, namespace: &str, target: &str| {
        let mut client = Sio::joined(world.address, namespace, key).await;
        let prefix = if namespace == "/" {
            String::new()
        } else {
            format!("{namespace},")
        };
        client
            .send(&format!(
                "42{prefix}3[\"sendNode\",{{\"instanceId\":\"{target}\",\"stanza\":{{}}}}]"
            ))
            .await;
        let answer = client.text().await;
        let answer: Vec<Value> =
            serde_json::from_str(answer.strip_prefix(&format!("43{prefix}3")).unwrap()).unwrap();
        assert_eq!(answer[0]["ok"], false);
        answer[0]["error"].as_str().unwrap().to_owned()
    };
    assert!(
        ask(GLOBAL_KEY, "/", "acme")
            .await
            .starts_with("Method not available")
    );
    assert!(
        ask("token-of-acme", "/", acme.id.as_str())
            .await
            .starts_with("Method not available")
    );
    assert!(
        ask("token-of-acme", "/acme", "acme")
            .await
            .starts_with("Method not available")
    );
    assert_eq!(ask("token-of-acme", "/acme", "other").await, "Unauthorized");
    assert_eq!(ask("token-of-acme", "/", "nobody").await, "Unauthorized");
    assert!(
        ask(GLOBAL_KEY, "/acme", "nobody")
            .await
            .contains("does not exist")
    );
}

#[tokio::test]
async fn a_node_is_handed_on_with_its_bytes_and_acknowledged() {
    use std::sync::atomic::Ordering;

    let world = World::start().await;
    let acme = world.instance("acme");
    world.nodes.works.store(true, Ordering::SeqCst);
    let mut client = Sio::joined(world.address, "/", "token-of-acme").await;
    client
        .send(r#"451-8["sendNode",{"instanceId":"acme","stanza":{"tag":"enc","content":{"_placeholder":true,"num":0}}}]"#)
        .await;
    client.send_bytes(&[1, 255]).await;
    assert_eq!(client.text().await, r#"438[{"ok":true}]"#);
    let sent = world.nodes.sent.lock().unwrap().clone();
    let stanza = serde_json::json!({"tag": "enc", "content": {"type": "Buffer", "data": "Af8="}});
    assert_eq!(sent, [(acme.id.clone(), stanza)]);

    // Clients of the original ask for no acknowledgment.
    client
        .send(r#"42["sendNode",{"instanceId":"acme","stanza":{"tag":"call"}}]"#)
        .await;
    until("the second node", || {
        world.nodes.sent.lock().unwrap().len() == 2
    })
    .await;
    client
        .send(r#"451-9["sendNode",{"instanceId":"acme","stanza":{"_placeholder":true,"num":1}}]"#)
        .await;
    client.send_bytes(&[1]).await;
    assert!(client.text().await.starts_with(r#"439[{"ok":false"#));
    assert_eq!(world.nodes.sent.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn attachments_are_no_way_around_the_largest_packet() {
    let mut config = quick();
    config.max_payload = 1000;
    config.ping_interval = std::time::Duration::from_secs(20);
    let world = World::with(config).await;
    let mut client = client(&world).await;
    client.join("/", "").await;
    client
        .send(r#"452-["sendNode",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#)
        .await;
    client.send_bytes(&[0; 600]).await;
    client.send_bytes(&[0; 600]).await;
    until("the session's end", || world.live.metrics().clients() == 0).await;
}

//! Clients that come back.

use std::sync::atomic::Ordering;

use pombo_domain::event::EventKind;
use pombo_domain::port::EventHistory;
use pombo_transports::socketio::SocketIoConfig;
use serde_json::json;

use crate::support::{GLOBAL_KEY, Sio, World, until};

/// Joins with an offset; what follows is read by the test.
async fn resuming(world: &World, namespace: &str, key: &str, offset: &str) -> Sio {
    let mut client = Sio::open(world.address, &format!("&apikey={key}")).await;
    client
        .join(namespace, &format!("{{\"offset\":{offset}}}"))
        .await;
    client
}

/// Reads until `replay.end`: the places in between, and the end.
async fn missed(client: &mut Sio) -> (Vec<i64>, serde_json::Value) {
    let mut places = Vec::new();
    loop {
        let (_, name, body) = client.event().await;
        if name == "replay.end" {
            return (places, body);
        }
        assert!(body["id"].as_str().unwrap().starts_with("evt_"));
        places.push(body["seq"].as_i64().unwrap());
    }
}

#[tokio::test]
async fn what_was_missed_comes_first_then_the_present() {
    let world = World::start().await;
    let (acme, other) = (world.instance("acme"), world.instance("other"));
    for number in 0..10 {
        world
            .emit(
                if number % 2 == 0 { &acme } else { &other },
                EventKind::Call,
                "1",
            )
            .await;
    }
    let mut client = resuming(&world, "/acme", "token-of-acme", "3").await;
    assert_eq!(
        missed(&mut client).await,
        (
            vec![5, 7, 9],
            json!({"from": 3, "to": 10, "complete": true})
        )
    );
    world.emit(&acme, EventKind::Call, "1").await;
    assert_eq!(client.event().await.2["seq"], 11);
}

#[tokio::test]
async fn others_do_not_see_places() {
    let world = World::start().await;
    let acme = world.instance("acme");
    let mut plain = Sio::joined(world.address, "/acme", GLOBAL_KEY).await;
    let mut placed = resuming(&world, "/acme", GLOBAL_KEY, "null").await;
    assert_eq!(
        missed(&mut placed).await.1,
        json!({"from": 0, "to": 0, "complete": true})
    );
    world.emit(&acme, EventKind::Call, "1").await;
    assert_eq!(plain.event().await.2.get("seq"), None);
    assert_eq!(placed.event().await.2["seq"], 1);
}

#[tokio::test]
async fn offsets_may_be_texts_and_in_the_query() {
    let world = World::start().await;
    let acme = world.instance("acme");
    for _ in 0..3 {
        world.emit(&acme, EventKind::Call, "1").await;
    }
    let mut text = resuming(&world, "/acme", GLOBAL_KEY, "\"1\"").await;
    assert_eq!(missed(&mut text).await.0, [2, 3]);
    let mut query = Sio::open(world.address, &format!("&apikey={GLOBAL_KEY}&offset=2")).await;
    query.join("/acme", "").await;
    assert_eq!(missed(&mut query).await.0, [3]);
    let mut latest = resuming(&world, "/acme", GLOBAL_KEY, "\"latest\"").await;
    assert_eq!(
        missed(&mut latest).await,
        (vec![], json!({"from": 3, "to": 3, "complete": true}))
    );
    let mut wrong = Sio::open(world.address, &format!("&apikey={GLOBAL_KEY}")).await;
    assert_eq!(
        wrong.refusal("/acme", "{\"offset\":\"soon\"}").await,
        "Invalid offset"
    );
    assert_eq!(
        wrong.refusal("/acme", "{\"offset\":[1]}").await,
        "Invalid offset"
    );
}

#[tokio::test]
async fn a_gap_is_told() {
    let world = World::start().await;
    let acme = world.instance("acme");
    for _ in 0..5 {
        world.emit(&acme, EventKind::Call, "1").await;
    }
    world.log.prune(3);
    let mut client = resuming(&world, "/acme", GLOBAL_KEY, "1").await;
    assert_eq!(
        missed(&mut client).await,
        (vec![4, 5], json!({"from": 1, "to": 5, "complete": false}))
    );
    // A place in the future belongs to another log. What comes is shown all the same.
    let mut lost = resuming(&world, "/acme", GLOBAL_KEY, "1000").await;
    assert_eq!(
        missed(&mut lost).await,
        (vec![], json!({"from": 1000, "to": 5, "complete": false}))
    );
    world.emit(&acme, EventKind::Call, "1").await;
    assert_eq!(lost.event().await.2["seq"], 6);
}

#[tokio::test]
async fn on_the_root_a_token_catches_up_with_its_own() {
    let world = World::start().await;
    let (acme, other) = (world.instance("acme"), world.instance("other"));
    for number in 0..6 {
        world
            .emit(
                if number % 2 == 0 { &acme } else { &other },
                EventKind::Call,
                "1",
            )
            .await;
    }
    let mut token = resuming(&world, "/", "token-of-acme", "0").await;
    assert_eq!(missed(&mut token).await.0, [1, 3, 5]);
    let mut global = resuming(&world, "/", GLOBAL_KEY, "0").await;
    assert_eq!(missed(&mut global).await.0, [1, 2, 3, 4, 5, 6]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_repeated_or_overtaken_under_load() {
    let world = World::with(SocketIoConfig {
        queue: 64,
        ..SocketIoConfig::default()
    })
    .await;
    let acme = world.instance("acme");
    for _ in 0..3000 {
        world.log.append(&acme, EventKind::Call, "1");
    }
    let emitting = async {
        for _ in 0..1500 {
            world.emit(&acme, EventKind::Call, "1").await;
            tokio::time::sleep(std::time::Duration::from_micros(300)).await;
        }
    };
    let following = async |offset: i64| {
        let mut client = resuming(&world, "/acme", GLOBAL_KEY, &offset.to_string()).await;
        let (mut last, mut ended) = (offset, false);
        while last < 4500 || !ended {
            let (_, name, body) = client.event().await;
            if name == "replay.end" {
                assert_eq!(body["to"], last);
                assert_eq!(body["complete"], true);
                ended = true;
                continue;
            }
            assert_eq!(body["seq"], last + 1);
            last += 1;
        }
    };
    tokio::join!(
        emitting,
        following(0),
        following(1234),
        following(2999),
        async {
            until("half of it", || world.log.head() > 3700).await;
            following(10).await;
        }
    );
    assert_eq!(world.live.metrics().dropped_slow(), 0);
}

#[tokio::test]
async fn a_log_that_does_not_answer_ends_the_connection() {
    let world = World::start().await;
    let acme = world.instance("acme");
    world.emit(&acme, EventKind::Call, "1").await;
    world.log.broken.store(true, Ordering::SeqCst);
    let mut client = resuming(&world, "/acme", GLOBAL_KEY, "0").await;
    assert!(client.rest().await.is_empty());
    until("the session's end", || world.live.metrics().clients() == 0).await;
}

#[tokio::test]
async fn leaving_ends_a_replay() {
    let world = World::with(SocketIoConfig {
        queue: 16,
        ..SocketIoConfig::default()
    })
    .await;
    let acme = world.instance("acme");
    for _ in 0..20_000 {
        world.log.append(&acme, EventKind::Call, "1");
    }
    let client = resuming(&world, "/acme", GLOBAL_KEY, "0").await;
    drop(client);
    until("the session's end", || world.live.metrics().clients() == 0).await;
    let reads = world.log.reads.load(Ordering::SeqCst);
    world.delete(&acme).await;
    // The replay is over: shutting down has nothing to wait for.
    let started = std::time::Instant::now();
    pombo_domain::port::LiveTransport::close(&world.live).await;
    assert!(started.elapsed() < std::time::Duration::from_secs(2));
    assert!(world.log.reads.load(Ordering::SeqCst) <= reads + 2);
}

//! The cases of the Engine.IO protocol's suite, told with Socket.IO packets, since our server echoes nothing. A ping may
//! come earlier than the suite expects (see `docs/decisions/0003-socketio-conformance.md`).

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::support::http::get;
use crate::support::sio::Polling;
use crate::support::{GLOBAL_KEY, Sio, World, quick, soon};

fn key() -> String {
    format!("&apikey={GLOBAL_KEY}")
}

#[tokio::test]
async fn polling_opens_a_session() {
    let world = World::start().await;
    let answer = get(
        world.address,
        &format!("/socket.io/?EIO=4&transport=polling{}", key()),
    )
    .await;
    assert_eq!(answer.status, 200);
    assert!(
        answer.headers["content-type"]
            .to_lowercase()
            .starts_with("text/plain")
    );
    let open: serde_json::Value =
        serde_json::from_str(answer.body.strip_prefix('0').unwrap()).unwrap();
    assert_eq!(open["upgrades"], json!(["websocket"]));
    assert_eq!(open["pingInterval"], 25000);
    assert_eq!(open["pingTimeout"], 20000);
    assert_eq!(open["maxPayload"], 1_000_000);
    assert_eq!(open.as_object().unwrap().len(), 5);
}

#[tokio::test]
async fn websocket_opens_a_session() {
    let world = World::start().await;
    let client = Sio::open(world.address, &key()).await;
    assert_eq!(client.open["upgrades"], json!([]));
    assert_eq!(client.open["maxPayload"], 1_000_000);
}

#[tokio::test]
async fn polling_carries_one_packet_and_several() {
    let world = World::start().await;
    for name in ["a", "b", "c"] {
        world.instance(name);
    }
    let mut client = Polling::open(world.address, &key()).await;
    assert_eq!(client.post("40").await.body, "ok");
    assert!(client.packet().await.starts_with("40{\"sid\""));
    assert_eq!(client.post("40/a,\u{1e}40/b,\u{1e}40/c,").await.body, "ok");
    for name in ["a", "b", "c"] {
        assert!(
            client
                .packet()
                .await
                .starts_with(&format!("40/{name},{{\"sid\""))
        );
    }
}

#[tokio::test]
async fn polling_carries_attachments() {
    let world = World::start().await;
    let mut client = Polling::open(world.address, &key()).await;
    let event = r#"451-["x",{"_placeholder":true,"num":0}]"#;
    assert_eq!(
        client
            .post(&format!(
                "40\u{1e}{event}\u{1e}bAQID\u{1e}421[\"sendNode\",{{}}]"
            ))
            .await
            .body,
        "ok"
    );
    assert!(client.packet().await.starts_with("40{"));
    assert!(
        client.packet().await.starts_with("431["),
        "the session survived the attachment"
    );
}

#[tokio::test]
async fn a_malformed_payload_closes_the_polling_session() {
    let world = World::start().await;
    let client = Polling::open(world.address, &key()).await;
    assert_eq!(client.post("abc").await.status, 400);
    assert_eq!(
        client.poll().await.json(),
        json!({"code": 1, "message": "Session ID unknown"})
    );
}

#[tokio::test]
async fn two_polls_at_once_close_the_session() {
    let world = World::start().await;
    let mut client = Polling::open(world.address, &key()).await;
    client.post("40").await;
    client.packet().await;
    // Both wait, unless an early ping satisfies one; then a third finds a partner.
    let polls = futures_util::future::join3(client.poll(), client.poll(), client.poll());
    let answers = soon("the polls", polls).await;
    let statuses = [answers.0.status, answers.1.status, answers.2.status];
    assert!(statuses.contains(&400), "{statuses:?}");
    assert_eq!(client.poll().await.json()["code"], 1);
}

#[tokio::test]
async fn a_large_body_is_refused() {
    let world = World::start().await;
    let client = Polling::open(world.address, &key()).await;
    let answer = client.post(&format!("4{}", "x".repeat(1_000_001))).await;
    assert_eq!((answer.status, &answer.json()["code"]), (413, &json!(3)));
}

#[tokio::test]
async fn a_malformed_frame_closes_the_websocket() {
    let world = World::start().await;
    let mut client = Sio::open(world.address, &key()).await;
    client.send("abc").await;
    assert!(client.rest().await.is_empty());
}

#[tokio::test]
async fn polling_heartbeat() {
    let world = World::with(quick()).await;
    let client = Polling::open(world.address, &key()).await;
    client.post("40").await;
    let mut pings = 0;
    while pings < 3 {
        let answer = client.poll().await;
        assert_eq!(answer.status, 200);
        for packet in answer.body.split('\u{1e}') {
            if packet == "2" {
                pings += 1;
                assert_eq!(client.post("3").await.status, 200);
            } else {
                assert!(packet.starts_with("40{"), "{packet}");
            }
        }
    }
}

#[tokio::test]
async fn a_silent_polling_client_is_forgotten() {
    let world = World::with(quick()).await;
    let client = Polling::open(world.address, &key()).await;
    crate::support::until("the ping timeout", || world.live.metrics().clients() == 0).await;
    assert_eq!(client.poll().await.json()["code"], 1);
}

#[tokio::test]
async fn websocket_heartbeat() {
    let world = World::with(quick()).await;
    let mut client = Sio::joined(world.address, "/", GLOBAL_KEY).await;
    // Nothing else comes; pings are counted while waiting.
    timeout(Duration::from_millis(1200), client.frame())
        .await
        .unwrap_err();
    assert!(client.pings >= 3, "{}", client.pings);
}

#[tokio::test]
async fn a_silent_websocket_is_closed() {
    let world = World::with(quick()).await;
    let mut client = Sio::open(world.address, &key()).await;
    client.answers_pings = false;
    client.rest().await;
    crate::support::until("the session's end", || world.live.metrics().clients() == 0).await;
}

#[tokio::test]
async fn a_polling_client_says_goodbye() {
    let world = World::start().await;
    let mut client = Polling::open(world.address, &key()).await;
    client.post("40").await;
    client.packet().await;
    let (poll, post) = tokio::join!(client.poll(), async {
        tokio::task::yield_now().await;
        client.post("1").await
    });
    assert_eq!((poll.status, post.status), (200, 200));
    crate::support::until("the session's end", || world.live.metrics().clients() == 0).await;
    assert_eq!(client.poll().await.status, 400);
}

#[tokio::test]
async fn a_websocket_says_goodbye() {
    let world = World::start().await;
    let mut client = Sio::open(world.address, &key()).await;
    client.send("1").await;
    client.rest().await;
    crate::support::until("the session's end", || world.live.metrics().clients() == 0).await;
}

async fn upgraded(world: &World) -> (Polling, Sio) {
    let mut polling = Polling::open(world.address, &key()).await;
    polling.post("40").await;
    assert!(polling.packet().await.starts_with("40{"));
    let path = polling.path.replace("polling", "websocket");
    let mut websocket = Sio::websocket(world.address, &path, &[]).await.unwrap();
    websocket.send(Message::text("2probe")).await.unwrap();
    loop {
        let frame = soon("the probe's answer", websocket.next())
            .await
            .unwrap()
            .unwrap();
        if frame.to_text().unwrap() == "3probe" {
            break;
        }
    }
    // A poll that waits is sent home.
    assert_eq!(polling.poll().await.body, "6");
    websocket.send(Message::text("5")).await.unwrap();
    let open = polling.open.clone();
    (polling, Sio::from_upgrade(websocket, open))
}

#[tokio::test]
async fn polling_upgrades_to_websocket() {
    let world = World::start().await;
    let acme = world.instance("acme");
    let (_, mut client) = upgraded(&world).await;
    client.join("/acme", "").await;
    world
        .emit(&acme, pombo_domain::event::EventKind::Call, "1")
        .await;
    // Both namespaces of the one session hear of it.
    let mut heard = [client.event().await.0, client.event().await.0];
    heard.sort();
    assert_eq!(heard, ["/", "/acme"]);
}

#[tokio::test]
async fn after_an_upgrade_polling_and_a_second_websocket_are_refused() {
    let world = World::start().await;
    let (polling, mut client) = upgraded(&world).await;
    client.send("42[\"x\"]").await;
    let answer = soon("polling to end", async {
        loop {
            let answer = polling.poll().await;
            if answer.status != 200 {
                return answer;
            }
        }
    })
    .await;
    assert_eq!((answer.status, &answer.json()["code"]), (400, &json!(3)));
    let path = polling.path.replace("polling", "websocket");
    if let Ok(mut second) = Sio::websocket(world.address, &path, &[]).await {
        while let Some(Ok(frame)) = soon("the second websocket's end", second.next()).await {
            assert!(matches!(frame, Message::Close(_)), "{frame:?}");
        }
    }
    client.send("421[\"sendNode\",{}]").await;
    assert!(
        client.text().await.starts_with("431["),
        "the first one lives on"
    );
}

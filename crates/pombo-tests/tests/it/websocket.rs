//! The native WebSocket: one JSON text frame per event.

use std::time::Duration;

use pombo_tests::server::KEY;
use pombo_tests::{Server, until};
use serde_json::{Value, json};

use crate::support::{NUMBER, Socket, acme, message_id, upgrade, with_socket};

#[tokio::test]
async fn the_first_frame_is_ready_and_the_next_are_envelopes() {
    let (server, client, token) = acme(&[("SERVER_URL", "https://gateway.example.test")]).await;
    let (mut socket, ready) = Socket::ready(
        &format!("ws://{}/ws/acme?apikey={token}", server.address),
        &[],
    )
    .await;
    assert_eq!(ready["instance"], "acme");
    client.incoming(NUMBER, "one", "hello").await.expect(200);
    let frame = socket.message_with_id("one").await;
    assert_eq!(
        (&frame["instance"], &frame["server_url"]),
        (&json!("acme"), &json!("https://gateway.example.test"))
    );
    assert_eq!(frame["data"]["message"]["conversation"], "hello");
    assert_eq!(
        frame["apikey"],
        Value::Null,
        "keys are not told unless the server is told to"
    );
    assert!(
        frame.get("destination").is_none(),
        "that is for webhooks: {frame}"
    );
    assert!(
        frame.get("seq").is_none(),
        "only for those who ask for their place: {frame}"
    );
    let date = frame["date_time"].as_str().expect("a text");
    assert!(date.len() == 24 && date.ends_with('Z'), "{date}");
}

#[tokio::test]
async fn the_key_may_come_by_query_header_bearer_or_subprotocol() {
    let (server, _, token) = acme(&[]).await;
    let plain = format!("ws://{}/ws/acme", server.address);
    Socket::ready(&format!("{plain}?apikey={token}"), &[]).await;
    Socket::ready(&plain, &[("apikey", &token)]).await;
    Socket::ready(&plain, &[("authorization", &format!("Bearer {token}"))]).await;
    let protocol = format!("apikey.{token}");
    let (socket, _) = Socket::ready(&plain, &[("sec-websocket-protocol", &protocol)]).await;
    assert_eq!(
        socket.protocol.as_deref(),
        Some(protocol.as_str()),
        "a browser wants one of those that it offered"
    );
    assert_eq!(
        upgrade(server.address, "/ws/acme", &["Authorization: Bearer nope"])
            .await
            .status,
        401
    );
    assert_eq!(
        upgrade(
            server.address,
            "/ws/acme",
            &["Sec-WebSocket-Protocol: apikey.nope"]
        )
        .await
        .status,
        401
    );
}

#[tokio::test]
async fn a_client_chooses_its_events_and_gets_only_those() {
    let (server, client, token) = acme(&[]).await;
    let (mut socket, _) =
        Socket::ready(&format!("ws://{}/acme?apikey={token}", server.address), &[]).await;
    socket
        .send(r#"{"action":"subscribe","events":["MESSAGES_UPSERT","send.message"]}"#)
        .await;
    let answer = socket.json().await;
    assert_eq!(
        (&answer["event"], &answer["events"]),
        (
            &json!("subscribed"),
            &json!(["messages.upsert", "send.message"])
        )
    );
    client.incoming(NUMBER, "one", "hello").await.expect(200);
    client.incoming(NUMBER, "two", "hello").await.expect(200);
    // One after the other, nothing in between: contacts and chats were not asked for.
    assert_eq!(message_id(&socket.json().await), Some("one"));
    assert_eq!(message_id(&socket.json().await), Some("two"));
    socket.send(r#"{"action":"subscribe","events":[]}"#).await;
    assert_eq!(socket.json().await["event"], "subscribed");
    client.incoming(NUMBER, "three", "hello").await.expect(200);
    socket.event("contacts.upsert").await;
}

#[tokio::test]
async fn pings_are_answered_and_nonsense_is_named() {
    let (server, _, token) = acme(&[]).await;
    let (mut socket, _) =
        Socket::ready(&format!("ws://{}/acme?apikey={token}", server.address), &[]).await;
    socket.send("ping").await;
    assert_eq!(socket.text().await, "pong");
    socket.send(r#"{"action":"ping"}"#).await;
    assert_eq!(socket.json().await["event"], "pong");
    for nonsense in [
        "{",
        r#"{"action":"dance"}"#,
        r#"{"action":"subscribe","events":["NOPE"]}"#,
    ] {
        socket.send(nonsense).await;
        assert_eq!(socket.json().await["event"], "error", "{nonsense}");
    }
    socket.nothing_more().await;
}

#[tokio::test]
async fn a_client_that_comes_back_with_its_offset_gets_everything_in_order_across_kill_9() {
    let (mut server, client, token) = acme(&[]).await;
    let url = format!("ws://{}/ws/acme?apikey={token}", server.address);
    let (socket, ready) = Socket::ready(&url, &[]).await;
    let mut offset = ready["offset"].as_i64().expect("a place");
    drop(socket);
    let mut expected = Vec::new();
    for turn in 0..30 {
        let id = format!("m{turn:03}");
        client.incoming(NUMBER, &id, "hello").await.expect(200);
        expected.push(id);
        if turn % 10 == 9 {
            server.kill().await;
            server.start_again().await;
        }
    }
    let (mut socket, _) = Socket::ready(&format!("{url}&offset={offset}"), &[]).await;
    let mut seen = Vec::new();
    loop {
        let frame = socket.json().await;
        if frame["event"] == "replay.end" {
            assert_eq!(frame["complete"], true, "{frame}");
            break;
        }
        let seq = frame["seq"].as_i64().expect("a place in each frame");
        assert!(seq > offset, "strictly growing: {seq} after {offset}");
        offset = seq;
        assert!(
            frame["id"]
                .as_str()
                .is_some_and(|id| id.starts_with("evt_")),
            "{frame}"
        );
        seen.extend(message_id(&frame).map(str::to_owned));
    }
    assert_eq!(seen, expected);
    // Live from here on, still with places.
    client.incoming(NUMBER, "live", "hello").await.expect(200);
    let frame = socket.message_with_id("live").await;
    assert!(
        frame["seq"].as_i64().is_some_and(|seq| seq > offset),
        "{frame}"
    );
    assert_eq!(
        upgrade(
            server.address,
            &format!("/ws/acme?apikey={token}&offset=soon"),
            &[]
        )
        .await
        .status,
        400
    );
}

#[tokio::test]
async fn an_offset_of_another_log_is_answered_with_a_gap_that_is_told() {
    let (server, _, token) = acme(&[]).await;
    let url = format!(
        "ws://{}/ws/acme?apikey={token}&offset=999999999",
        server.address
    );
    let (mut socket, _) = Socket::ready(&url, &[]).await;
    let end = socket.event("replay.end").await;
    assert_eq!(end["complete"], false, "{end}");
}

#[tokio::test]
async fn deleting_the_instance_closes_with_1008_after_telling_it() {
    let (server, client, token) = acme(&[]).await;
    let (mut socket, _) =
        Socket::ready(&format!("ws://{}/acme?apikey={token}", server.address), &[]).await;
    client.delete("/instance/delete/acme").await.expect(200);
    socket.event("instance.delete").await;
    socket.event("remove.instance").await;
    assert_eq!(socket.closed().await.0, 1008);
    assert_eq!(
        upgrade(server.address, &format!("/acme?apikey={KEY}"), &[])
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn a_client_that_stops_reading_is_closed_with_1013_and_nobody_else_notices() {
    let (server, client, token) = acme(&[("PROMETHEUS_METRICS", "true")]).await;
    let url = format!("ws://{}/acme?apikey={token}", server.address);
    let (mut slow, _) = Socket::ready(&url, &[]).await;
    let (mut healthy, _) = Socket::ready(&url, &[]).await;
    healthy
        .send(r#"{"action":"subscribe","events":["MESSAGES_UPSERT"]}"#)
        .await;
    assert_eq!(healthy.json().await["event"], "subscribed");
    let text = "x".repeat(200_000);
    let posting = async {
        for turn in 0..120 {
            client
                .incoming(NUMBER, &format!("big{turn}"), &text)
                .await
                .expect(200);
        }
    };
    let reading = async {
        for turn in 0..120 {
            let frame = healthy.json().await;
            assert_eq!(
                message_id(&frame),
                Some(format!("big{turn}").as_str()),
                "in order, none missing"
            );
        }
    };
    tokio::join!(posting, reading);
    let counted = "pombo_websocket_slow_clients_total 1";
    until("the slow client to be given up", || async {
        client
            .get("/metrics")
            .await
            .text
            .contains(counted)
            .then_some(())
    })
    .await;
    let (code, frames) = slow.closed().await;
    assert_eq!(code, 1013, "after {frames} frames");
    healthy.nothing_more().await;
}

#[tokio::test]
async fn everything_that_the_key_opens_arrives_at_ws_in_global_mode_only() {
    let quiet = Server::start(&[]).await;
    let client = quiet.client();
    let token = client.create("acme", NUMBER, with_socket()).await;
    let (mut socket, _) =
        Socket::ready(&format!("ws://{}/ws?apikey={KEY}", quiet.address), &[]).await;
    let (mut own, _) = Socket::ready(
        &format!("ws://{}/ws/acme?apikey={token}", quiet.address),
        &[],
    )
    .await;
    client.incoming(NUMBER, "one", "hello").await.expect(200);
    own.message_with_id("one").await;
    socket.nothing_more().await;

    let server = Server::start(&[("WEBSOCKET_GLOBAL_EVENTS", "true")]).await;
    let client = server.client();
    // Global events ask neither for the instance's choice nor whether it made one.
    let token = client.create("acme", NUMBER, json!({})).await;
    client.create("other", "5511900000002", json!({})).await;
    let (mut all, _) =
        Socket::ready(&format!("ws://{}/ws?apikey={KEY}", server.address), &[]).await;
    let (mut own, _) =
        Socket::ready(&format!("ws://{}/ws?apikey={token}", server.address), &[]).await;
    client
        .incoming("5511900000002", "foreign", "hello")
        .await
        .expect(200);
    client.incoming(NUMBER, "mine", "hello").await.expect(200);
    all.message_with_id("foreign").await;
    all.message_with_id("mine").await;
    let first = own.event("messages.upsert").await;
    assert_eq!(
        message_id(&first),
        Some("mine"),
        "a token hears its own instance only: {first}"
    );
}

#[tokio::test]
async fn odd_handshakes_are_refused_with_json() {
    let (server, _, token) = acme(&[]).await;
    let key = format!("apikey: {token}");
    for (what, lines) in [
        (
            "an old version",
            [
                "Sec-WebSocket-Version: 8",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            ],
        ),
        ("no key", ["Sec-WebSocket-Version: 13", "X-Nothing: 1"]),
    ] {
        let headers = [
            "Connection: Upgrade",
            "Upgrade: websocket",
            lines[0],
            lines[1],
            key.as_str(),
        ];
        let reply = crate::support::get(server.address, "/ws/acme", &headers).await;
        assert!((400..500).contains(&reply.status), "{what}: {reply:?}");
        reply.json();
        assert!(
            reply.elapsed < Duration::from_secs(2),
            "{what}: {:?}",
            reply.elapsed
        );
    }
}

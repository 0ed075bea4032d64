//! Socket.IO, with the official clients and others.

use std::time::{Duration, Instant};

use pombo_tests::server::KEY;
use pombo_tests::{Client, Server, until};
use serde_json::{Value, json};

use crate::support::driver::merge;
use crate::support::{Driver, NUMBER, Socket, acme, get, message_id, raw, upgrade, with_socket};

/// A driver for the official client without any key.
fn keyless(url: &str, namespace: &str, more: Value) -> Option<Driver> {
    let mut job =
        json!({"url": url, "namespaces": [namespace], "options": {"reconnection": false}});
    merge(&mut job, more);
    Driver::node("socketio.mjs", &job)
}

/// The first word on whether a client may join.
async fn verdict(driver: &mut Driver) -> Value {
    driver
        .next("an answer", |line| {
            line["type"] == "connect" || line["type"] == "connect_error"
        })
        .await
}

// ---- clients ----

async fn version_works(version: u8, settings: &[(&str, &str)]) {
    let (server, client, token) = acme(settings).await;
    for (transports, last) in [
        (json!(["polling", "websocket"]), "websocket"),
        (json!(["websocket"]), "websocket"),
        (json!(["polling"]), "polling"),
    ] {
        let options = json!({"version": version, "options": {"transports": transports}});
        let Some(mut driver) = Driver::socketio(&server.url(), "/acme", &token, options) else {
            return;
        };
        driver.kind("connect").await;
        if transports == json!(["polling", "websocket"]) {
            driver
                .ever("an upgrade", |line| {
                    line["type"] == "upgrade" && line["transport"] == "websocket"
                })
                .await;
        }
        let id = format!("v{version}-{transports}");
        client.incoming(NUMBER, &id, "hello").await.expect(200);
        let envelope = driver.message(&id).await;
        assert_eq!(
            (
                &envelope["instance"],
                &envelope["data"]["message"]["conversation"]
            ),
            (&json!("acme"), &json!("hello"))
        );
        let line = driver
            .all()
            .into_iter()
            .find(|line| line["name"] == "messages.upsert")
            .expect("it came");
        assert_eq!(line["transport"], last, "{line}");
        assert_eq!(
            line["arguments"].as_array().map(Vec::len),
            Some(1),
            "one argument: {line}"
        );
    }
    let options = json!({"version": version, "options": {"reconnection": false}});
    let Some(mut wrong) = Driver::socketio(&server.url(), "/acme", "wrong", options.clone()) else {
        return;
    };
    wrong
        .next("a refusal", |line| {
            line["type"] == "connect_error" || line["type"] == "manager_error"
        })
        .await;
    let Some(mut unknown) = Driver::socketio(&server.url(), "/unknown", KEY, options) else {
        return;
    };
    let refused = unknown.kind("connect_error").await;
    assert_eq!(refused["message"], "Invalid namespace", "{refused}");
}

#[tokio::test]
async fn version_4_connects_over_every_transport() {
    version_works(4, &[]).await;
}

#[tokio::test]
async fn version_3_connects_over_every_transport() {
    version_works(3, &[]).await;
}

#[tokio::test]
async fn version_2_connects_over_every_transport_when_it_is_let_in() {
    version_works(2, &[("POMBO_SOCKETIO_EIO3", "true")]).await;
}

#[tokio::test]
async fn version_2_is_refused_as_by_the_original_when_it_is_not() {
    let (server, _, token) = acme(&[]).await;
    let reply = get(
        server.address,
        &format!("/socket.io/?EIO=3&transport=polling&apikey={token}"),
        &[],
    )
    .await;
    assert_eq!(reply.status, 400, "{reply:?}");
    assert_eq!(
        reply.json(),
        json!({"code": 5, "message": "Unsupported protocol version"})
    );
}

#[tokio::test]
async fn python_connects_as_the_package_evolutionapi_does() {
    let (server, client, token) = acme(&[]).await;
    for transports in [
        json!(["websocket"]),
        json!(["polling"]),
        json!(["polling", "websocket"]),
    ] {
        // The key in the query, only the instance's namespace, and `subscribe` right after the connection.
        let job = json!({"url": format!("{}?apikey={token}", server.url()), "namespaces": ["/acme"],
                         "transports": transports, "subscribe": "acme"});
        let Some(mut driver) = Driver::python("socketio_client.py", &job) else {
            return;
        };
        let first = driver
            .next("an answer", |line| line["type"] != "stderr")
            .await;
        assert_eq!(first["type"], "connect", "{first}");
        for turn in 0..3 {
            let id = format!("python-{transports}-{turn}");
            client.incoming(NUMBER, &id, "hello").await.expect(200);
            driver.message(&id).await;
        }
        assert!(
            driver.all().iter().all(|line| line["type"] != "disconnect"),
            "{:?}",
            driver.all()
        );
        let line = driver
            .all()
            .into_iter()
            .find(|line| line["name"] == "messages.upsert")
            .expect("it came");
        assert_eq!(
            line["arguments"].as_array().map(Vec::len),
            Some(1),
            "one object: {line}"
        );
    }
    let job = json!({"url": format!("{}?apikey=wrong", server.url()), "namespaces": ["/acme"]});
    let Some(mut wrong) = Driver::python("socketio_client.py", &job) else {
        return;
    };
    wrong.kind("refused").await;
    let job = json!({"url": server.url(), "namespaces": ["/acme"], "auth": {"token": token}});
    let Some(mut by_auth) = Driver::python("socketio_client.py", &job) else {
        return;
    };
    by_auth.kind("connect").await;
}

#[tokio::test]
async fn rust_socketio_connects_over_every_transport() {
    let (server, client, token) = acme(&[]).await;
    let with_key = format!("{}?apikey={token}", server.url());
    for (name, url, more) in [
        ("any", &with_key, json!({"transport": "any"})),
        ("websocket", &with_key, json!({"transport": "websocket"})),
        ("polling", &with_key, json!({"transport": "polling"})),
        ("auth", &server.url(), json!({"auth": {"apikey": token}})),
        (
            "header",
            &server.url(),
            json!({"headers": {"apikey": token}}),
        ),
    ] {
        let mut job = json!({"url": url, "namespace": "/acme"});
        merge(&mut job, more);
        let Some(mut driver) = Driver::rust_socketio(&job) else {
            return;
        };
        driver.kind("connect").await;
        // It reports the connection before the server has answered the join.
        let id = format!("rust-{name}");
        until("it to have joined", || async {
            client
                .incoming(NUMBER, &format!("{id}-{}", fresh()), "hello")
                .await
                .expect(200);
            let mine = |line: &Value| {
                let own = line["arguments"][0]["data"]["key"]["id"].as_str();
                own.is_some_and(|own| own.starts_with(&id))
            };
            driver.all().iter().any(mine).then_some(())
        })
        .await;
    }
    let job = json!({"url": with_key, "namespace": "/unknown"});
    let Some(mut refused) = Driver::rust_socketio(&job) else {
        return;
    };
    let error = refused.kind("error").await;
    assert!(error.to_string().contains("Invalid namespace"), "{error}");
}

/// A number that was not there before.
fn fresh() -> usize {
    static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

// ---- keys ----

#[tokio::test]
async fn the_key_may_come_by_query_header_auth_or_bearer() {
    let (server, _, token) = acme(&[]).await;
    for key in [token.as_str(), KEY] {
        for (place, options) in [
            ("query", json!({"query": {"apikey": key}})),
            ("header", json!({"extraHeaders": {"apikey": key}})),
            ("auth.apikey", json!({"auth": {"apikey": key}})),
            ("auth.token", json!({"auth": {"token": key}})),
            (
                "bearer",
                json!({"extraHeaders": {"authorization": format!("Bearer {key}")}}),
            ),
        ] {
            let Some(mut driver) = keyless(&server.url(), "/acme", json!({"options": options}))
            else {
                return;
            };
            let first = verdict(&mut driver).await;
            assert_eq!(first["type"], "connect", "{place}: {first}");
        }
    }
}

#[tokio::test]
async fn wrong_missing_and_foreign_keys_are_refused() {
    let (server, client, _) = acme(&[]).await;
    let foreign = client.create("other", "5511900000002", with_socket()).await;
    let Some(mut none) = keyless(&server.url(), "/acme", json!({})) else {
        return;
    };
    assert_eq!(none.kind("connect_error").await["message"], "Unauthorized");
    let Some(mut wrong) = keyless(
        &server.url(),
        "/acme",
        json!({"options": {"auth": {"apikey": "wrong"}}}),
    ) else {
        return;
    };
    assert_eq!(wrong.kind("connect_error").await["message"], "Unauthorized");
    let Some(mut other) = keyless(
        &server.url(),
        "/acme",
        json!({"options": {"query": {"apikey": foreign}}}),
    ) else {
        return;
    };
    assert_eq!(other.kind("connect_error").await["message"], "Unauthorized");

    // In the handshake: the reference's exact form, for both transports.
    let reply = get(
        server.address,
        "/socket.io/?EIO=4&transport=polling&apikey=wrong",
        &[],
    )
    .await;
    assert_eq!(reply.status, 403);
    assert_eq!(
        reply.json(),
        json!({"code": 4, "message": "Invalid global token"})
    );
    let reply = upgrade(
        server.address,
        "/socket.io/?EIO=4&transport=websocket&apikey=wrong",
        &[],
    )
    .await;
    assert_eq!(
        (reply.status, reply.json()),
        (403, json!({"code": 4, "message": "Invalid global token"}))
    );
}

#[tokio::test]
async fn engine_errors_have_the_references_form() {
    let (server, _, token) = acme(&[]).await;
    for (status, code, message, method, query) in [
        (
            400,
            0,
            "Transport unknown",
            "GET",
            "EIO=4&transport=carrier-pigeon",
        ),
        (
            400,
            1,
            "Session ID unknown",
            "GET",
            "EIO=4&transport=polling&sid=nope",
        ),
        (
            400,
            2,
            "Bad handshake method",
            "POST",
            "EIO=4&transport=polling",
        ),
        (
            400,
            5,
            "Unsupported protocol version",
            "GET",
            "EIO=9&transport=polling",
        ),
    ] {
        let path = format!("/socket.io/?{query}&apikey={token}");
        let reply = raw::request(
            method,
            server.address,
            &path,
            &["Content-Length: 0", "Connection: close"],
        )
        .await;
        assert_eq!(reply.status, status, "{query}: {reply:?}");
        let body = reply.json();
        assert_eq!(
            (&body["code"], &body["message"]),
            (&json!(code), &json!(message)),
            "{query}"
        );
    }
    let reply = get(
        server.address,
        &format!("/socket.io/?EIO=4&transport=websocket&apikey={token}"),
        &[],
    )
    .await;
    assert_eq!(
        (reply.status, &reply.json()["code"]),
        (400, &json!(3)),
        "{reply:?}"
    );
    assert!(reply.body.contains("Upgrade"), "{reply:?}");
}

// ---- namespaces ----

#[tokio::test]
async fn the_root_namespace_is_open_but_silent_unless_events_are_global() {
    let (server, client, token) = acme(&[]).await;
    let Some(mut root) = Driver::socketio(&server.url(), "/", &token, json!({})) else {
        return;
    };
    root.kind("connect").await;
    let Some(mut own) = Driver::socketio(&server.url(), "/acme", &token, json!({})) else {
        return;
    };
    own.kind("connect").await;
    client.incoming(NUMBER, "one", "hello").await.expect(200);
    own.message("one").await;
    own.event("chats.upsert").await;
    assert!(
        root.all().iter().all(|line| line["type"] != "event"),
        "{:?}",
        root.all()
    );
}

#[tokio::test]
async fn in_global_mode_the_root_hears_what_its_key_opens() {
    let server = Server::start(&[("WEBSOCKET_GLOBAL_EVENTS", "true")]).await;
    let client = server.client();
    let token = client.create("acme", NUMBER, with_socket()).await;
    client.create("other", "5511900000002", json!({})).await;
    let Some(mut all) = Driver::socketio(&server.url(), "/", KEY, json!({})) else {
        return;
    };
    all.kind("connect").await;
    let Some(mut own) = Driver::socketio(&server.url(), "/", &token, json!({})) else {
        return;
    };
    own.kind("connect").await;
    let Some(mut instance) = Driver::socketio(&server.url(), "/acme", &token, json!({})) else {
        return;
    };
    instance.kind("connect").await;
    client
        .incoming("5511900000002", "foreign", "hello")
        .await
        .expect(200);
    client.incoming(NUMBER, "mine", "hello").await.expect(200);
    assert_eq!(all.message("foreign").await["instance"], "other");
    all.message("mine").await;
    instance.message("mine").await;
    own.message("mine").await;
    let foreign = own
        .all()
        .into_iter()
        .find(|line| line["arguments"][0]["instance"] == "other");
    assert_eq!(foreign, None, "a token hears its own instance only");
}

#[tokio::test]
async fn one_connection_joins_several_namespaces() {
    let (server, client, _) = acme(&[]).await;
    client.create("other", "5511900000002", with_socket()).await;
    let job = json!({"url": server.url(), "namespaces": ["/acme", "/other", "/unknown"], "options": {"query": {"apikey": KEY}}});
    let Some(mut driver) = Driver::node("socketio.mjs", &job) else {
        return;
    };
    for _ in 0..3 {
        let line = verdict(&mut driver).await;
        let expected = if line["namespace"] == "/unknown" {
            "connect_error"
        } else {
            "connect"
        };
        assert_eq!(line["type"], expected, "{line}");
    }
    client.incoming(NUMBER, "a", "hello").await.expect(200);
    client
        .incoming("5511900000002", "b", "hello")
        .await
        .expect(200);
    driver
        .next("a in acme", |line| {
            line["namespace"] == "/acme" && line["arguments"][0]["data"]["key"]["id"] == "a"
        })
        .await;
    driver
        .next("b in other", |line| {
            line["namespace"] == "/other" && line["arguments"][0]["data"]["key"]["id"] == "b"
        })
        .await;
}

#[tokio::test]
async fn what_clients_say_is_ignored_or_acknowledged_but_never_ends_the_connection() {
    let (server, client, token) = acme(&[]).await;
    client.create("other", "5511900000002", with_socket()).await;
    let Some(mut driver) = Driver::socketio(&server.url(), "/acme", &token, json!({})) else {
        return;
    };
    driver.kind("connect").await;
    for command in [
        json!({"emit": "subscribe", "arguments": [{"instance": "acme"}]}),
        json!({"emit": "anything", "arguments": [1, "two", null, [3]]}),
        json!({"emit": "nothing"}),
    ] {
        driver.tell(&command).await;
    }
    driver.tell(&json!({"emit": "sendNode", "arguments": [{"instanceId": "other", "stanza": {}}], "ack": true})).await;
    let refused = driver.kind("ack").await;
    assert_eq!(
        refused["arguments"][0],
        json!({"ok": false, "error": "Unauthorized"}),
        "somebody else's instance: {refused}"
    );
    driver.tell(&json!({"emit": "sendNode", "arguments": [{"instanceId": "acme", "stanza": {}}], "ack": true})).await;
    assert_eq!(driver.kind("ack").await["arguments"][0]["ok"], false);
    client.incoming(NUMBER, "still", "here").await.expect(200);
    driver.message("still").await;
    assert!(
        driver.all().iter().all(|line| line["type"] != "disconnect"),
        "{:?}",
        driver.all()
    );
}

// ---- replay ----

/// The ids of the messages that it reported, in order.
fn ids(driver: &Driver) -> Vec<String> {
    let lines = driver.all();
    lines
        .iter()
        .filter_map(|line| message_id(&line["arguments"][0]))
        .map(str::to_owned)
        .collect()
}

async fn send(client: &Client, ids: impl IntoIterator<Item = String>) {
    for id in ids {
        client.incoming(NUMBER, &id, "hello").await.expect(200);
    }
}

#[tokio::test]
async fn a_client_with_an_offset_misses_nothing_over_lost_connections_and_kill_9() {
    let (mut server, client, token) = acme(&[]).await;
    let Some(mut driver) =
        Driver::socketio(&server.url(), "/acme", &token, json!({"resume": true}))
    else {
        return;
    };
    driver.kind("connect").await;
    driver.event("replay.end").await;
    let mut expected = Vec::new();
    for round in 0..6 {
        let names = |part: &str| {
            (0..8)
                .map(|turn| format!("{round}-{part}-{turn}"))
                .collect::<Vec<_>>()
        };
        send(&client, names("before")).await;
        if round % 2 == 0 {
            driver.tell(&json!({"drop": true})).await;
        } else {
            server.kill().await;
            server.start_again().await;
        }
        send(&client, names("after")).await;
        expected.extend(names("before"));
        expected.extend(names("after"));
        driver
            .message(expected.last().expect("there are some"))
            .await;
    }
    assert_eq!(ids(&driver), expected, "complete, in order, nothing twice");
    let places: Vec<i64> = driver
        .all()
        .iter()
        .filter_map(|line| line["arguments"][0]["seq"].as_i64())
        .collect();
    assert!(
        places.windows(2).all(|pair| pair[0] < pair[1]),
        "strictly growing: {places:?}"
    );
    assert!(
        driver
            .all()
            .iter()
            .filter(|line| line["name"] == "replay.end")
            .all(|line| line["arguments"][0]["complete"] == true)
    );
}

#[tokio::test]
async fn an_offset_from_long_ago_replays_the_whole_log_and_then_goes_on_live() {
    let (server, client, token) = acme(&[]).await;
    let expected: Vec<String> = (0..700).map(|turn| format!("old-{turn:03}")).collect();
    futures_util::future::join_all(
        expected
            .chunks(70)
            .map(|chunk| send(&client, chunk.to_vec())),
    )
    .await;
    let job = json!({"resume": true, "offset": 0, "options": {"transports": ["websocket"]}});
    let Some(mut driver) = Driver::socketio(&server.url(), "/acme", &token, job) else {
        return;
    };
    driver.kind("connect").await;
    let meanwhile = send(&client, (0..50).map(|turn| format!("new-{turn:02}")));
    let replay = driver.event("replay.end");
    let ((), end) = tokio::join!(meanwhile, replay);
    assert_eq!(end["complete"], true, "{end}");
    client.incoming(NUMBER, "last", "hello").await.expect(200);
    driver.message("last").await;
    let seen = ids(&driver);
    let mut sorted: Vec<_> = seen
        .iter()
        .filter(|id| id.starts_with("old-"))
        .cloned()
        .collect();
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
    let newer: Vec<_> = seen.iter().filter(|id| id.starts_with("new-")).collect();
    assert_eq!(newer.len(), 50, "{newer:?}");
    let places: Vec<i64> = driver
        .all()
        .iter()
        .filter_map(|line| line["arguments"][0]["seq"].as_i64())
        .collect();
    assert!(
        places.windows(2).all(|pair| pair[0] < pair[1]),
        "strictly growing"
    );
}

#[tokio::test]
async fn an_offset_that_is_no_number_is_refused_and_one_of_another_log_is_a_told_gap() {
    let (server, _, token) = acme(&[]).await;
    let Some(mut odd) = Driver::socketio(
        &server.url(),
        "/acme",
        &token,
        json!({"options": {"auth": {"offset": "soon"}}}),
    ) else {
        return;
    };
    assert_eq!(odd.kind("connect_error").await["message"], "Invalid offset");
    let Some(mut ahead) = Driver::socketio(
        &server.url(),
        "/acme",
        &token,
        json!({"options": {"auth": {"offset": 999_999_999}}}),
    ) else {
        return;
    };
    ahead.kind("connect").await;
    assert_eq!(ahead.event("replay.end").await["complete"], false);
}

// ---- slow clients ----

/// Connects by hand and joins, without reading ahead.
async fn joined_by_hand(server: &Server, token: &str) -> Socket {
    let url = format!(
        "ws://{}/socket.io/?EIO=4&transport=websocket&apikey={token}",
        server.address
    );
    let mut socket = Socket::open(&url, &[]).await;
    assert!(socket.text().await.starts_with("0{"));
    socket.send("40/acme,").await;
    loop {
        let text = socket.text().await;
        if text == "2" {
            socket.send("3").await;
            continue;
        }
        assert!(text.starts_with("40/acme,{"), "{text}");
        return socket;
    }
}

#[tokio::test]
async fn a_client_that_stops_reading_is_disconnected_within_20_seconds_and_nobody_else_notices() {
    let (server, client, token) = acme(&[("PROMETHEUS_METRICS", "true")]).await;
    let Some(mut healthy) = Driver::socketio(
        &server.url(),
        "/acme",
        &token,
        json!({"options": {"transports": ["websocket"]}}),
    ) else {
        return;
    };
    healthy.kind("connect").await;
    let _asleep = joined_by_hand(&server, &token).await;
    let clients = |count: usize| {
        let client = client.clone();
        let line = format!("pombo_socketio_clients {count}\n");
        async move {
            client
                .get("/metrics")
                .await
                .text
                .contains(&line)
                .then_some(())
        }
    };
    until("both to be counted", || clients(2)).await;
    let started = Instant::now();
    // More than the kernel buffers for somebody who does not read, less than what fills the queue of packets.
    let text = "x".repeat(100_000);
    for turn in 0..100 {
        client
            .incoming(NUMBER, &format!("big-{turn}"), &text)
            .await
            .expect(200);
    }
    until("the sleeper to be disconnected", || clients(1)).await;
    let took = started.elapsed();
    assert!(
        took < Duration::from_secs(26),
        "{took:?}, of which a few seconds are ours"
    );
    healthy.message("big-99").await;
    assert_eq!(ids(&healthy).len(), 100);
    client
        .incoming(NUMBER, "afterwards", "hello")
        .await
        .expect(200);
    healthy.message("afterwards").await;
}

#[tokio::test]
async fn a_client_that_falls_behind_by_a_whole_queue_is_disconnected_and_catches_up_with_its_offset()
 {
    let (server, client, token) = acme(&[("PROMETHEUS_METRICS", "true")]).await;
    let _asleep = joined_by_hand(&server, &token).await;
    let Some(mut healthy) =
        Driver::socketio(&server.url(), "/acme", &token, json!({"resume": true}))
    else {
        return;
    };
    healthy.kind("connect").await;
    let text = "x".repeat(30_000);
    let names: Vec<String> = (0..500).map(|turn| format!("many-{turn:03}")).collect();
    let posting = names.chunks(125).map(|chunk| {
        let (client, text) = (client.clone(), text.clone());
        async move {
            for id in chunk {
                client.incoming(NUMBER, id, &text).await.expect(200);
            }
        }
    });
    futures_util::future::join_all(posting).await;
    let slow = "pombo_socketio_slow_clients_total 0\n";
    until("the sleeper to be given up", || async {
        (!client.get("/metrics").await.text.contains(slow)).then_some(())
    })
    .await;
    client
        .incoming(NUMBER, "afterwards", "hello")
        .await
        .expect(200);
    healthy.message("afterwards").await;
    // Whether or not it was fast enough on this machine, with its offset it has everything, once.
    let mut seen = ids(&healthy);
    assert_eq!(seen.pop().as_deref(), Some("afterwards"));
    seen.sort_unstable();
    assert_eq!(seen, names);
}

// ---- forms ----

#[tokio::test]
async fn byte_fields_are_json_unless_the_originals_binary_events_are_asked_for() {
    let message = |id: &str| {
        json!({"numberId": NUMBER, "messageType": "imageMessage", "key": {"id": id, "remoteJid": "5511988887777@s.whatsapp.net", "fromMe": false},
               "message": {"imageMessage": {"caption": "c", "mediaKey": {"0": 1, "1": 200, "2": 3}}}})
    };
    for (settings, expected) in [
        (vec![], json!({"0": 1, "1": 200, "2": 3})),
        (
            vec![("WEBSOCKET_BINARY", "true")],
            json!({"$binary": "AcgD"}),
        ),
    ] {
        let (server, client, token) = acme(&settings).await;
        for transport in ["websocket", "polling"] {
            let options = json!({"options": {"transports": [transport]}});
            let Some(mut driver) = Driver::socketio(&server.url(), "/acme", &token, options) else {
                return;
            };
            driver.kind("connect").await;
            client
                .post("/webhook/evolution", &message(transport))
                .await
                .expect(200);
            let envelope = driver.message(transport).await;
            assert_eq!(
                envelope["data"]["message"]["imageMessage"]["mediaKey"], expected,
                "{transport}: {envelope}"
            );
        }
    }
}

#[tokio::test]
async fn the_browser_bundle_is_served_as_the_reference_serves_it() {
    let server = Server::start(&[]).await;
    let anybody = server.client().without_key();
    for file in [
        "socket.io.js",
        "socket.io.min.js",
        "socket.io.esm.min.js",
        "socket.io.msgpack.min.js",
    ] {
        let answer = anybody.get(&format!("/socket.io/{file}")).await.expect(200);
        assert!(
            answer
                .header("content-type")
                .starts_with("application/javascript"),
            "{:?}",
            answer.headers
        );
        assert!(
            answer.text.contains("socket") && answer.text.len() > 10_000,
            "{file}: {} bytes",
            answer.text.len()
        );
        let request = anybody.request(reqwest::Method::GET, &format!("/socket.io/{file}"));
        let again = anybody
            .send(request.header("if-none-match", answer.header("etag")))
            .await
            .expect(304);
        assert!(again.text.is_empty());
    }
    assert_eq!(
        anybody
            .get("/socket.io/socket.io.min.js.map")
            .await
            .expect(200)
            .json()["version"],
        3
    );
    assert_eq!(
        anybody
            .get("/socket.io/nothing.js")
            .await
            .expect(404)
            .json()["status"],
        404
    );
}

#[tokio::test]
async fn a_changed_or_deleted_key_ends_what_it_had_opened() {
    let (server, client, token) = acme(&[]).await;
    let Some(mut own) = Driver::socketio(&server.url(), "/acme", &token, json!({})) else {
        return;
    };
    own.kind("connect").await;
    let Some(mut root) = Driver::socketio(&server.url(), "/", &token, json!({})) else {
        return;
    };
    root.kind("connect").await;
    client.delete("/instance/delete/acme").await.expect(200);
    own.kind("disconnect").await;
    root.kind("disconnect").await;
}

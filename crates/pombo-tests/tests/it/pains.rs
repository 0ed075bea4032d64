//! The five pains of the original, each impossible here, and the way of a newcomer.
//!
//! 1. 502 behind NGINX (the other configurations: `proxy.rs`).
//! 2. Plain WebSocket clients hung up on (the rest of that endpoint: `websocket.rs`).
//! 3. New instances without a live socket.
//! 4. CORS `*` (in a real browser: `browser.rs`).
//! 5. Unsaved settings.

use std::time::{Duration, Instant};

use pombo_tests::server::KEY;
use pombo_tests::{Catcher, Client, Server};
use serde_json::{Value, json};

use crate::support::{
    Driver, NUMBER, Nginx, Socket, acme, encoded, get, raw, upgrade, with_socket,
};

// ---- 1 ----

#[tokio::test]
async fn pain_1_behind_nginx_a_plain_websocket_client_gets_an_answer_and_never_502() {
    let (server, _, token) = acme(&[("POMBO_TRUSTED_PROXIES", "127.0.0.1")]).await;
    let Some(nginx) = Nginx::start(|listen| crate::proxy::sample(listen, server.address)).await
    else {
        return;
    };
    for path in ["/", "/acme"] {
        assert_eq!(
            upgrade(nginx.address, &format!("{path}?apikey={token}"), &[])
                .await
                .status,
            101,
            "{path}"
        );
    }
    for path in ["/unknown", "/acme/deeper", "/socket.io/nothing"] {
        let reply = upgrade(nginx.address, &format!("{path}?apikey={KEY}"), &[]).await;
        assert_eq!(
            (reply.status, &reply.json()["status"]),
            (404, &json!(404)),
            "{path}: {reply:?}"
        );
    }
    nginx.never_answered_502();
}

// ---- 2 ----

#[tokio::test]
async fn pain_2_plain_websocket_clients_connect_on_ip_and_port() {
    let (server, client, token) = acme(&[("WEBSOCKET_GLOBAL_EVENTS", "true")]).await;
    let mut sockets = Vec::new();
    for (path, key, instance) in [
        ("/ws", KEY, Value::Null),
        ("/", KEY, Value::Null),
        ("/ws", &token, Value::Null),
        ("/ws/acme", &token, json!("acme")),
        ("/acme", &token, json!("acme")),
        ("/acme", KEY, json!("acme")),
    ] {
        let (socket, ready) =
            Socket::ready(&format!("ws://{}{path}?apikey={key}", server.address), &[]).await;
        assert_eq!(ready["instance"], instance, "{path}");
        sockets.push(socket);
    }
    client.incoming(NUMBER, "one", "hello").await.expect(200);
    for socket in &mut sockets {
        let frame = socket.message_with_id("one").await;
        assert_eq!(
            (
                &frame["instance"],
                &frame["data"]["message"]["conversation"]
            ),
            (&json!("acme"), &json!("hello"))
        );
    }
}

#[tokio::test]
async fn pain_2_wrong_paths_keys_and_instances_are_answered_at_once_with_json() {
    let (server, client, _) = acme(&[]).await;
    let foreign = client.create("other", "5511900000002", json!({})).await;
    let cases = [
        (404, "/unknown", KEY),
        (404, "/ws/unknown", KEY),
        (404, "/instance/fetchInstances/x", KEY),
        (401, "/acme", "wrong"),
        (401, "/ws/acme", "wrong"),
        (401, "/ws", "wrong"),
        (401, "/", ""),
        (401, "/ws/acme", &foreign),
    ];
    let mut times = Vec::new();
    for _ in 0..5 {
        for (status, path, key) in cases {
            let reply = upgrade(server.address, path, &[&format!("apikey: {key}")]).await;
            assert_eq!(
                (reply.status, &reply.json()["status"]),
                (status, &json!(status)),
                "{path} with {key}: {reply:?}"
            );
            assert!(
                reply.elapsed < Duration::from_secs(2),
                "{path}: {:?}",
                reply.elapsed
            );
            times.push(reply.elapsed);
        }
    }
    times.sort_unstable();
    let median = times[times.len() / 2];
    assert!(median < Duration::from_millis(100), "median {median:?}");
}

#[tokio::test]
async fn pain_2_a_plain_client_at_the_socketio_address_is_told_where_to_go() {
    let (server, _, token) = acme(&[]).await;
    for path in [
        "/socket.io/",
        "/socket.io/?transport=websocket",
        "/socket.io/acme",
    ] {
        let reply = upgrade(server.address, path, &[&format!("apikey: {token}")]).await;
        assert!(reply.status == 400 || reply.status == 404, "{reply:?}");
        reply.json();
        assert!(reply.body.contains("/ws/{instance}"), "{path}: {reply:?}");
    }
}

#[tokio::test]
async fn pain_2_ordinary_clients_of_node_and_python_connect() {
    let (server, client, token) = acme(&[]).await;
    let url = format!("ws://{}/acme", server.address);
    let Some(mut node) = Driver::node(
        "websocket.mjs",
        &json!({"url": url, "options": {"headers": {"apikey": token}}}),
    ) else {
        return;
    };
    let Some(mut python) = Driver::python(
        "websocket_client.py",
        &json!({"url": url, "headers": {"apikey": token}}),
    ) else {
        return;
    };
    for driver in [&mut node, &mut python] {
        driver.kind("open").await;
        let first = driver.kind("message").await;
        assert!(
            first["text"]
                .as_str()
                .is_some_and(|text| text.contains("\"event\":\"ready\"")),
            "{first}"
        );
    }
    client.incoming(NUMBER, "both", "hello").await.expect(200);
    for driver in [&mut node, &mut python] {
        driver
            .next("the message", |line| {
                line["text"]
                    .as_str()
                    .is_some_and(|text| text.contains("\"both\""))
            })
            .await;
    }
    let Some(mut refused) = Driver::node("websocket.mjs", &json!({"url": url})) else {
        return;
    };
    let answer = refused.kind("unexpected").await;
    assert_eq!(answer["status"], 401, "{answer}");
    assert!(
        answer["contentType"]
            .as_str()
            .is_some_and(|kind| kind.starts_with("application/json")),
        "{answer}"
    );
    let Some(mut refused) = Driver::python(
        "websocket_client.py",
        &json!({"url": format!("{url}-not"), "headers": {"apikey": KEY}}),
    ) else {
        return;
    };
    let answer = refused.kind("refused").await;
    assert_eq!(answer["status"], 404, "{answer}");
    assert!(
        answer["body"]
            .as_str()
            .is_some_and(|body| body.starts_with('{')),
        "{answer}"
    );
}

// ---- 3 ----

#[tokio::test]
async fn pain_3_a_new_instance_can_be_joined_at_once_without_any_configuration() {
    let server = Server::start(&[]).await;
    let client = server.client();
    // As the manager creates it: no `websocket`.
    let token = client.create("fresh", NUMBER, json!({})).await;
    let Some(mut driver) = Driver::socketio(&server.url(), "/fresh", &token, json!({})) else {
        return;
    };
    let first = driver
        .next("an answer", |line| {
            line["type"] == "connect" || line["type"] == "connect_error"
        })
        .await;
    assert_eq!(first["type"], "connect", "{first}");

    // Connected before `set`; then set, then an event: it arrives without a new connection.
    client
        .incoming(NUMBER, "unheard", "nobody asked for it")
        .await
        .expect(200);
    let body = json!({"websocket": {"enabled": true, "events": ["MESSAGES_UPSERT"]}});
    client.post("/websocket/set/fresh", &body).await.expect(201);
    client.incoming(NUMBER, "heard", "hello").await.expect(200);
    driver.message("heard").await;
    let lines = driver.all();
    assert_eq!(
        lines
            .iter()
            .filter(|line| line["type"] == "connect")
            .count(),
        1,
        "{lines:#?}"
    );
    let heard: Vec<_> = lines
        .iter()
        .filter(|line| line["type"] == "event")
        .map(|line| &line["arguments"][0]["data"]["key"]["id"])
        .collect();
    assert_eq!(
        heard,
        [&json!("heard")],
        "only what was asked for, only after it was asked for"
    );

    // And off again.
    client
        .post(
            "/websocket/set/fresh",
            &json!({"websocket": {"enabled": false}}),
        )
        .await
        .expect(201);
    client
        .incoming(NUMBER, "unheard-again", "off")
        .await
        .expect(200);
    client.post("/websocket/set/fresh", &json!({"websocket": {"enabled": true, "events": ["CONTACTS_UPSERT", "MESSAGES_UPSERT"]}})).await.expect(201);
    client.incoming(NUMBER, "on-again", "on").await.expect(200);
    driver.message("on-again").await;
    assert!(
        !driver
            .all()
            .iter()
            .any(|line| line["arguments"][0]["data"]["key"]["id"] == "unheard-again")
    );
}

#[tokio::test]
async fn pain_3_after_kill_9_clients_come_back_by_themselves_and_join_before_any_event() {
    let (mut server, _, token) = acme(&[]).await;
    let mut clients = Vec::new();
    for options in [
        json!({}),
        json!({"options": {"transports": ["websocket"]}}),
        json!({"options": {"transports": ["polling"]}}),
    ] {
        let Some(mut driver) = Driver::socketio(&server.url(), "/acme", &token, options) else {
            return;
        };
        driver.kind("connect").await;
        clients.push(driver);
    }
    server.kill().await;
    for driver in &mut clients {
        driver.kind("disconnect").await;
    }
    server.start_again().await;
    for driver in &mut clients {
        // Nothing was refused on the way back: the namespace exists from the first moment on.
        driver.kind("connect").await;
        let refused = driver
            .all()
            .into_iter()
            .find(|line| line["type"] == "connect_error" && line["message"] == "Invalid namespace");
        assert_eq!(refused, None);
    }
    server
        .client()
        .incoming(NUMBER, "after", "still here")
        .await
        .expect(200);
    for driver in &mut clients {
        driver.message("after").await;
    }
}

#[tokio::test]
async fn pain_3_names_of_every_kind_can_be_joined() {
    let server = Server::start(&[]).await;
    let client = server.client();
    let names = [
        "my shop",
        "100%",
        "loja-São João",
        "MixedCase",
        "a/b",
        "日本",
    ];
    for (place, name) in names.iter().enumerate() {
        let number = format!("55119000001{place:02}");
        let token = client.create(name, &number, with_socket()).await;
        // As it is, and as it stands in a URL.
        let mut drivers = Vec::new();
        for spelling in [(*name).to_owned(), encoded(name)] {
            let Some(mut driver) =
                Driver::socketio(&server.url(), &format!("/{spelling}"), &token, json!({}))
            else {
                return;
            };
            let first = driver
                .next("an answer", |line| {
                    line["type"] == "connect" || line["type"] == "connect_error"
                })
                .await;
            assert_eq!(first["type"], "connect", "{spelling}: {first}");
            drivers.push(driver);
        }
        let (mut socket, ready) = Socket::ready(
            &format!(
                "ws://{}/ws/{}?apikey={token}",
                server.address,
                encoded(name)
            ),
            &[],
        )
        .await;
        assert_eq!(ready["instance"], *name);
        client.incoming(&number, "named", "hello").await.expect(200);
        for driver in &mut drivers {
            assert_eq!(driver.message("named").await["instance"], *name);
        }
        socket.message_with_id("named").await;
    }
    // Another case is another name.
    let Some(mut driver) = Driver::socketio(&server.url(), "/mixedcase", KEY, json!({})) else {
        return;
    };
    assert_eq!(
        driver.kind("connect_error").await["message"],
        "Invalid namespace"
    );
}

#[tokio::test]
async fn pain_3_deleting_tells_the_clients_and_creating_again_lets_them_in() {
    let (server, client, token) = acme(&[]).await;
    let Some(mut driver) = Driver::socketio(&server.url(), "/acme", KEY, json!({})) else {
        return;
    };
    driver.kind("connect").await;
    client.delete("/instance/delete/acme").await.expect(200);
    driver.event("instance.delete").await;
    driver.event("remove.instance").await;
    assert_eq!(
        driver.kind("disconnect").await["reason"],
        "io server disconnect"
    );

    driver.tell(&json!({"connect": "/acme"})).await;
    assert_eq!(
        driver.kind("connect_error").await["message"],
        "Invalid namespace"
    );
    let again = json!({"token": token, "websocket": {"enabled": true}});
    assert_eq!(client.create("acme", NUMBER, again).await, token);
    driver.tell(&json!({"connect": "/acme"})).await;
    driver.kind("connect").await;
    client.incoming(NUMBER, "reborn", "hello").await.expect(200);
    driver.message("reborn").await;
}

// ---- 4 ----

const A: &str = "https://a.test";

async fn cors(server: &Server, method: &str, path: &str, origin: &str) -> (raw::Reply, String) {
    let origin = format!("Origin: {origin}");
    let headers: &[&str] = if origin == "Origin: " {
        &["Connection: close"]
    } else {
        &["Connection: close", &origin]
    };
    let reply = raw::request(method, server.address, path, headers).await;
    let allowed = reply.header("access-control-allow-origin").to_owned();
    (reply, allowed)
}

/// A polling handshake, a static file, REST with an answer and with an error.
const PATHS: [&str; 5] = [
    "/socket.io/?EIO=4&transport=polling",
    "/socket.io/?EIO=4&transport=polling&sid=nope",
    "/",
    "/instance/fetchInstances",
    "/no/such/route",
];

#[tokio::test]
async fn pain_4_a_star_lets_every_page_in_credentials_included() {
    let server = Server::start(&[("CORS_ORIGIN", "*")]).await;
    for path in PATHS {
        let (reply, allowed) = cors(&server, "GET", path, A).await;
        assert_eq!(allowed, A, "{path}: {reply:?}");
        assert_eq!(
            reply.header("access-control-allow-credentials"),
            "true",
            "{path}"
        );
        assert!(
            reply.header("vary").to_ascii_lowercase().contains("origin"),
            "{path}: {reply:?}"
        );
        // Nobody's page: not refused.
        let (reply, _) = cors(&server, "GET", path, "").await;
        assert!(reply.status < 500, "{path}: {reply:?}");
    }
    let plain = Server::start(&[("CORS_CREDENTIALS", "false")]).await;
    for path in PATHS {
        let (reply, allowed) = cors(&plain, "GET", path, A).await;
        assert_eq!(
            (
                allowed.as_str(),
                reply.header("access-control-allow-credentials")
            ),
            ("*", ""),
            "{path}"
        );
    }
}

#[tokio::test]
async fn pain_4_a_list_lets_in_whom_it_names() {
    let server =
        Server::start(&[("CORS_ORIGIN", " https://a.test/ ,https://b.test, c.test")]).await;
    for path in PATHS {
        for origin in [A, "https://b.test", "http://c.test", "https://c.test"] {
            assert_eq!(cors(&server, "GET", path, origin).await.1, origin, "{path}");
        }
        let (reply, allowed) = cors(&server, "GET", path, "https://evil.test").await;
        assert_eq!(allowed, "", "{path}: {reply:?}");
        assert!(reply.status < 500, "{path}: {reply:?}");
        let (reply, _) = cors(&server, "GET", path, "").await;
        assert!(
            reply.status < 500,
            "the original answers 500 here: {path}: {reply:?}"
        );
    }
    // Browsers do not apply CORS to websockets; the server does.
    let token = server.client().create("acme", NUMBER, with_socket()).await;
    for (origin, raw_status, engine_status) in [(A, 101, 101), ("https://evil.test", 403, 403)] {
        let headers = [format!("Origin: {origin}"), format!("apikey: {token}")];
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        assert_eq!(
            upgrade(server.address, "/ws/acme", &headers).await.status,
            raw_status,
            "{origin}"
        );
        let reply = upgrade(
            server.address,
            "/socket.io/?EIO=4&transport=websocket",
            &headers,
        )
        .await;
        assert_eq!(reply.status, engine_status, "{origin}");
    }
}

#[tokio::test]
async fn pain_4_preflights_are_answered_204() {
    let server = Server::start(&[]).await;
    for path in PATHS
        .into_iter()
        .chain(["/message/sendText/acme", "/instance/delete/acme"])
    {
        let reply = raw::request(
            "OPTIONS",
            server.address,
            path,
            &[
                "Connection: close",
                "Origin: https://a.test",
                "Access-Control-Request-Method: DELETE",
                "Access-Control-Request-Headers: apikey,content-type",
            ],
        )
        .await;
        assert_eq!(reply.status, 204, "{path}: {reply:?}");
        assert_eq!(reply.header("access-control-allow-origin"), A, "{path}");
        assert!(
            reply
                .header("access-control-allow-methods")
                .contains("DELETE"),
            "{path}: {reply:?}"
        );
        let headers = reply
            .header("access-control-allow-headers")
            .to_ascii_lowercase();
        assert!(
            headers.contains("apikey") && headers.contains("content-type"),
            "{path}: {reply:?}"
        );
    }
}

// ---- 5 ----

/// Two settings of a transport, A and B, as `set` takes them, and what `find` must show for B.
fn settings() -> Vec<(&'static str, Value, Value, Value)> {
    let events =
        |transport: &str, events: &[&str]| json!({transport: {"enabled": true, "events": events}});
    let shown = |events: &[&str]| json!({"enabled": true, "events": events});
    let mut all: Vec<_> = ["websocket", "rabbitmq", "nats", "sqs", "kafka", "mqtt"]
        .into_iter()
        .map(|name| {
            (
                name,
                events(name, &["CALL"]),
                events(name, &["MESSAGES_UPSERT", "SEND_MESSAGE"]),
                shown(&["MESSAGES_UPSERT", "SEND_MESSAGE"]),
            )
        })
        .collect();
    all.push((
        "webhook",
        json!({"webhook": {"enabled": true, "url": "http://127.0.0.1:9/a", "events": ["CALL"], "headers": {"x-a": "1"}}}),
        json!({"webhook": {"enabled": true, "url": "http://127.0.0.1:9/b", "byEvents": true, "base64": true,
                           "events": ["MESSAGES_UPSERT"], "headers": {"x-b": "2"}}}),
        json!({"enabled": true, "url": "http://127.0.0.1:9/b", "webhookByEvents": true, "webhookBase64": true,
               "events": ["MESSAGES_UPSERT"], "headers": {"x-b": "2"}}),
    ));
    let pusher = |app: &str, event: &str| json!({"pusher": {"enabled": true, "appId": app, "key": "k", "secret": "s", "cluster": "eu", "useTLS": true, "events": [event]}});
    let shown = json!({"enabled": true, "appId": "two", "key": "k", "cluster": "eu", "useTLS": true, "events": ["SEND_MESSAGE"]});
    all.push((
        "pusher",
        pusher("one", "CALL"),
        pusher("two", "SEND_MESSAGE"),
        shown,
    ));
    let switches = |on: bool, text: &str| {
        json!({"rejectCall": on, "msgCall": text, "groupsIgnore": on, "alwaysOnline": on, "readMessages": on, "readStatus": on,
               "syncFullHistory": on})
    };
    all.push((
        "settings",
        switches(false, "a"),
        switches(true, "b"),
        switches(true, "b"),
    ));
    let proxy = |host: &str| json!({"enabled": true, "host": host, "port": "3128", "protocol": "http", "username": "u", "password": "p"});
    all.push(("proxy", proxy("a.test"), proxy("b.test"), proxy("b.test")));
    all
}

fn assert_shows(name: &str, found: &Value, expected: &Value) {
    for (member, value) in expected.as_object().expect("an object") {
        assert_eq!(&found[member], value, "{name}.{member} in {found}");
    }
}

#[tokio::test]
async fn pain_5_settings_of_every_transport_are_saved_changed_and_survive_kill_9() {
    let mut server = Server::start(&[]).await;
    let token = server.client().create("acme", NUMBER, json!({})).await;
    let client = server.client().with_key(&token);
    for (name, a, b, expected) in settings() {
        client
            .post(&format!("/{name}/set/acme"), &a)
            .await
            .expect(201);
        let answer = client
            .post(&format!("/{name}/set/acme"), &b)
            .await
            .expect(201)
            .json();
        if !["settings", "proxy"].contains(&name) {
            assert_shows(name, &answer, &expected);
        }
        assert_shows(
            name,
            &client
                .get(&format!("/{name}/find/acme"))
                .await
                .expect(200)
                .json(),
            &expected,
        );
    }
    server.kill().await;
    server.start_again().await;
    for (name, _, _, expected) in settings() {
        assert_shows(
            name,
            &client
                .get(&format!("/{name}/find/acme"))
                .await
                .expect(200)
                .json(),
            &expected,
        );
    }
    // Off, killed, and on again: the choice of events was not lost.
    for name in ["websocket", "kafka", "rabbitmq"] {
        client
            .post(
                &format!("/{name}/set/acme"),
                &json!({name: {"enabled": false}}),
            )
            .await
            .expect(201);
    }
    server.kill().await;
    server.start_again().await;
    for name in ["websocket", "kafka", "rabbitmq"] {
        let found = client
            .get(&format!("/{name}/find/acme"))
            .await
            .expect(200)
            .json();
        assert_eq!(found["enabled"], false, "{name}: {found}");
        let answer = client
            .post(
                &format!("/{name}/set/acme"),
                &json!({name: {"enabled": true}}),
            )
            .await
            .expect(201)
            .json();
        assert_eq!(
            answer["events"],
            json!(["MESSAGES_UPSERT", "SEND_MESSAGE"]),
            "{name}: {answer}"
        );
    }
}

#[tokio::test]
async fn pain_5_of_two_sets_at_the_same_time_one_wins_and_nothing_breaks() {
    let server = Server::start(&[]).await;
    let client = server.client();
    client.create("acme", NUMBER, json!({})).await;
    for (name, a, b, _) in settings() {
        let path = format!("/{name}/set/acme");
        // Also for the very first, when there is no row yet.
        let answers = futures_util::future::join_all(
            (0..12).map(|turn| client.post(&path, if turn % 2 == 0 { &a } else { &b })),
        )
        .await;
        let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        assert!(
            statuses.iter().all(|status| *status == 201),
            "{name}: {statuses:?}"
        );
        let found = client
            .get(&format!("/{name}/find/acme"))
            .await
            .expect(200)
            .json();
        let wanted = |body: &Value| {
            let inner = body.get(name).unwrap_or(body).clone();
            ["events", "url", "appId", "msgCall", "host"]
                .iter()
                .all(|member| {
                    inner
                        .get(*member)
                        .is_none_or(|value| *value == found[*member])
                })
        };
        assert!(
            wanted(&a) || wanted(&b),
            "{name}: a mixture of both: {found}"
        );
    }
}

#[tokio::test]
async fn pain_5_what_is_set_takes_effect_without_a_new_connection() {
    let (server, client, token) = acme(&[]).await;
    let catcher = Catcher::start().await;
    let Some(mut driver) = Driver::socketio(&server.url(), "/acme", &token, json!({})) else {
        return;
    };
    driver.kind("connect").await;
    let (mut socket, _) =
        Socket::ready(&format!("ws://{}/acme?apikey={token}", server.address), &[]).await;
    client
        .post(
            "/websocket/set/acme",
            &json!({"websocket": {"enabled": true, "events": ["CONTACTS_UPSERT", "SEND_MESSAGE"]}}),
        )
        .await
        .expect(201);
    let hook = json!({"webhook": {"enabled": true, "url": catcher.url("/h"), "events": ["MESSAGES_UPSERT"]}});
    client.post("/webhook/set/acme", &hook).await.expect(201);
    client.incoming(NUMBER, "one", "hello").await.expect(200);
    driver.event("contacts.upsert").await;
    socket.event("contacts.upsert").await;
    catcher.event("messages.upsert").await;
    client
        .post(
            "/websocket/set/acme",
            &json!({"websocket": {"enabled": true, "events": ["MESSAGES_UPSERT"]}}),
        )
        .await
        .expect(201);
    client.incoming(NUMBER, "two", "hello").await.expect(200);
    driver.message("two").await;
    socket.message_with_id("two").await;
    assert!(
        !driver
            .all()
            .iter()
            .any(|line| line["arguments"][0]["data"]["key"]["id"] == "one")
    );
}

// ---- the way of a newcomer ----

#[tokio::test]
async fn a_newcomer_sees_a_message_everywhere_answers_it_and_loses_nothing_to_kill_9() {
    let mut server = Server::start(&[]).await;
    let catcher = Catcher::start().await;
    let client = server.client();

    let token = client.create("first", NUMBER, json!({})).await;
    let Some(mut driver) =
        Driver::socketio(&server.url(), "/first", &token, json!({"resume": true}))
    else {
        return;
    };
    driver.kind("connect").await;
    client
        .post(
            "/websocket/set/first",
            &json!({"websocket": {"enabled": true, "events": []}}),
        )
        .await
        .expect(201);
    let hook = json!({"webhook": {"enabled": true, "url": catcher.url("/hook"), "events": []}});
    client.post("/webhook/set/first", &hook).await.expect(201);
    let (mut socket, _) = Socket::ready(
        &format!("ws://{}/ws/first?apikey={token}", server.address),
        &[],
    )
    .await;

    client
        .incoming(NUMBER, "hello-1", "Hello, is anybody there?")
        .await
        .expect(200);
    let text = json!({"conversation": "Hello, is anybody there?"});
    let seen = driver.message("hello-1").await;
    assert_eq!(
        (&seen["event"], &seen["instance"], &seen["data"]["message"]),
        (&json!("messages.upsert"), &json!("first"), &text)
    );
    assert_eq!(
        socket.message_with_id("hello-1").await["data"]["message"],
        text
    );
    assert_eq!(
        catcher.event("messages.upsert").await.body["data"]["message"],
        text
    );

    let own = client.with_key(&token);
    let answer = own
        .post(
            "/message/sendText/first",
            &json!({"number": "5511988887777", "text": "Yes!"}),
        )
        .await
        .expect(201)
        .json();
    let id = answer["key"]["id"].as_str().expect("an id").to_owned();
    assert_eq!(driver.event("send.message").await["data"]["key"]["id"], id);
    assert_eq!(socket.event("send.message").await["data"]["key"]["id"], id);
    assert_eq!(
        catcher.event("send.message").await.body["data"]["key"]["id"],
        id
    );

    // The receiver goes away, messages go on, and the server is killed in between.
    catcher.answer_status(500);
    client
        .incoming(NUMBER, "hello-2", "Are you still there?")
        .await
        .expect(200);
    server.kill().await;
    driver.kind("disconnect").await;
    catcher.answer_status(200);
    catcher.forget();
    let started = Instant::now();
    server.start_again().await;
    driver.kind("connect").await;
    let client: Client = server.client();
    let found = client
        .post("/chat/findMessages/first", &json!({}))
        .await
        .expect(200)
        .json();
    let ids: Vec<_> = found["messages"]["records"]
        .as_array()
        .expect("records")
        .iter()
        .map(|record| record["key"]["id"].clone())
        .collect();
    for expected in ["hello-1", "hello-2", &id] {
        assert!(
            ids.contains(&json!(expected)),
            "{expected} is missing in {ids:?}"
        );
    }
    catcher
        .next("the message that the webhook refused", |caught| {
            caught.body["data"]["key"]["id"] == "hello-2"
        })
        .await;
    let heard = |driver: &Driver| {
        driver
            .all()
            .iter()
            .filter(|line| line["arguments"][0]["data"]["key"]["id"] == "hello-2")
            .count()
    };
    if heard(&driver) == 0 {
        driver.message("hello-2").await;
    }
    assert_eq!(heard(&driver), 1, "once, not twice");
    client
        .incoming(NUMBER, "hello-3", "Good.")
        .await
        .expect(200);
    driver.message("hello-3").await;
    assert!(started.elapsed() < Duration::from_secs(60));
    let health = get(server.address, "/health/ready", &["Connection: close"]).await;
    assert_eq!(health.status, 200, "{health:?}");
}

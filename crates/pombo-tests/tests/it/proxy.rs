//! Behind a real NGINX, set up well and in the usual wrong ways: always an answer, never a 502, and events arrive.

use std::net::SocketAddr;
use std::path::PathBuf;

use pombo_tests::{Client, Server};
use serde_json::{Value, json};

use crate::support::{Driver, NUMBER, Nginx, Socket, acme, raw, upgrade, with_socket};

/// The sample that ships with Pombo, with its addresses replaced, and nothing else.
pub(crate) fn sample(listen: SocketAddr, server: SocketAddr) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../deploy/nginx.conf");
    let text = std::fs::read_to_string(path).expect("the sample is in deploy/");
    replaced(
        &replaced(&text, "listen 80;", &format!("listen {listen};")),
        "server 127.0.0.1:8080;",
        &format!("server {server};"),
    )
}

fn replaced(text: &str, from: &str, to: &str) -> String {
    assert_eq!(
        text.matches(from).count(),
        1,
        "deploy/nginx.conf has {from:?} once"
    );
    text.replace(from, to)
}

/// A plain server block around these lines of a location.
fn block(listen: SocketAddr, lines: &str) -> String {
    format!("server {{ listen {listen}; {lines} }}")
}

const TRUSTED: &[(&str, &str)] = &[("POMBO_TRUSTED_PROXIES", "127.0.0.1")];

/// How a client connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Default,
    Websocket,
    Polling,
}

impl Mode {
    fn options(self) -> Value {
        match self {
            Self::Default => json!({}),
            Self::Websocket => json!({"transports": ["websocket"]}),
            Self::Polling => json!({"transports": ["polling"]}),
        }
    }
}

/// A client of this mode behind `url` connects and gets an event over the transport that it should end up with.
async fn gets_an_event(
    mode: Mode,
    url: &str,
    path: &str,
    more: &Value,
    expected: &str,
    client: &Client,
    token: &str,
) {
    let mut options = json!({"path": path, "query": {"apikey": token}});
    crate::support::driver::merge(&mut options, mode.options());
    crate::support::driver::merge(&mut options, more.clone());
    let job = json!({"url": url, "namespaces": ["/acme"], "options": options});
    let Some(mut driver) = Driver::node("socketio.mjs", &job) else {
        return;
    };
    driver.kind("connect").await;
    if mode == Mode::Default && expected == "websocket" {
        driver
            .ever("an upgrade", |line| {
                line["type"] == "upgrade" && line["transport"] == "websocket"
            })
            .await;
    }
    if mode == Mode::Default && expected == "polling" {
        driver
            .ever("an attempt to upgrade that failed", |line| {
                line["type"] == "upgrade_error"
            })
            .await;
    }
    let id = format!("{mode:?}-{expected}-{}", digits(url));
    client
        .incoming(NUMBER, &id, "through the proxy")
        .await
        .expect(200);
    driver.message(&id).await;
    let line = driver
        .all()
        .into_iter()
        .rev()
        .find(|line| line["type"] == "event")
        .expect("there was one");
    assert_eq!(line["transport"], expected, "{line}");
}

/// Something that differs from proxy to proxy.
fn digits(url: &str) -> String {
    url.chars().filter(char::is_ascii_digit).collect()
}

/// A client that insists on websockets is told at once that it cannot have one, instead of waiting in silence.
async fn is_refused_at_once(url: &str, token: &str) {
    let options = json!({"options": {"transports": ["websocket"], "reconnection": false}});
    let Some(mut driver) = Driver::socketio(url, "/acme", token, options) else {
        return;
    };
    let error = driver.kind("connect_error").await;
    assert_eq!(error["message"], "websocket error", "{error}");
    assert!(
        error["description"]
            .as_str()
            .is_some_and(|text| text.contains("400")),
        "{error}"
    );
}

/// Plain WebSocket clients get 101 where there is a WebSocket, and JSON everywhere else.
async fn plain_clients_are_served(nginx: SocketAddr, prefix: &str, token: &str, global: &str) {
    for (path, key) in [
        ("/", global),
        ("/ws", global),
        ("/acme", token),
        ("/ws/acme", token),
    ] {
        let url = format!("ws://{nginx}{prefix}{path}?apikey={key}");
        let (_socket, ready) = Socket::ready(&url, &[]).await;
        let expected = if path.ends_with("acme") {
            json!("acme")
        } else {
            Value::Null
        };
        assert_eq!(ready["instance"], expected, "{path}");
    }
    for path in ["/unknown", "/ws/unknown", "/no/such/path"] {
        let reply = upgrade(nginx, &format!("{prefix}{path}?apikey={global}"), &[]).await;
        assert_eq!(reply.status, 404, "{path}: {reply:?}");
        assert_eq!(reply.json()["status"], 404, "{path}");
    }
    let reply = upgrade(nginx, &format!("{prefix}/acme"), &[]).await;
    assert_eq!(
        (reply.status, &reply.json()["status"]),
        (401, &json!(401)),
        "without a key: {reply:?}"
    );
}

#[tokio::test]
async fn behind_the_sample_every_client_works() {
    let (server, client, token) = acme(TRUSTED).await;
    let Some(nginx) = Nginx::start(|listen| sample(listen, server.address)).await else {
        return;
    };
    for mode in [Mode::Default, Mode::Websocket, Mode::Polling] {
        let expected = if mode == Mode::Polling {
            "polling"
        } else {
            "websocket"
        };
        gets_an_event(
            mode,
            &nginx.url(),
            "/socket.io/",
            &json!({}),
            expected,
            &client,
            &token,
        )
        .await;
    }
    plain_clients_are_served(nginx.address, "", &token, pombo_tests::server::KEY).await;
    // REST as well, and keys still count: the proxy being on this machine exempts nobody.
    let through = Client::new(nginx.url(), pombo_tests::server::KEY);
    through.get("/instance/fetchInstances").await.expect(200);
    through
        .without_key()
        .get("/instance/fetchInstances")
        .await
        .expect(401);
    nginx.never_answered_502();
}

#[tokio::test]
async fn a_proxy_on_this_machine_exempts_nobody_from_showing_a_key() {
    let settings = [
        ("WEBSOCKET_ALLOWED_HOSTS", "127.0.0.1"),
        ("POMBO_TRUSTED_PROXIES", "127.0.0.1"),
    ];
    let (server, client, _) = acme(&settings).await;
    let Some(nginx) = Nginx::start(|listen| sample(listen, server.address)).await else {
        return;
    };
    // Directly from this machine: no key is needed, as configured.
    let (_socket, ready) = Socket::ready(&format!("ws://{}/acme", server.address), &[]).await;
    assert_eq!(ready["instance"], "acme");
    let job = |url: &str| json!({"url": url, "namespaces": ["/acme"], "options": {"reconnection": false}});
    let Some(mut direct) = Driver::node("socketio.mjs", &job(&server.url())) else {
        return;
    };
    direct.kind("connect").await;
    client.incoming(NUMBER, "local", "hello").await.expect(200);
    direct.message("local").await;
    // Through the proxy: like everybody else.
    assert_eq!(upgrade(nginx.address, "/acme", &[]).await.status, 401);
    let Some(mut proxied) = Driver::node("socketio.mjs", &job(&nginx.url())) else {
        return;
    };
    assert_eq!(
        proxied.kind("connect_error").await["message"],
        "Unauthorized"
    );
}

#[tokio::test]
async fn under_a_sub_path_every_client_works() {
    let (server, client, token) = acme(TRUSTED).await;
    let config = |listen: SocketAddr| {
        let text = sample(listen, server.address);
        // The commented location of the sample, with the lines of `location /` inside, as it says.
        let start = text.find("location / {").expect("it is there") + "location / {".len();
        let lines = text[start..start + text[start..].find('}').expect("it ends")]
            .replace("proxy_pass http://pombo;", "");
        let text = text.replace("# location /pombo/ {", "location /pombo/ {");
        let text = text.replace(
            "#     proxy_pass http://pombo/;\n    # }",
            &format!("proxy_pass http://pombo/;\n{lines}\n}}"),
        );
        text.replacen("location / {", "location /elsewhere {", 1)
    };
    let Some(nginx) = Nginx::start(config).await else {
        return;
    };
    for mode in [Mode::Default, Mode::Websocket, Mode::Polling] {
        let expected = if mode == Mode::Polling {
            "polling"
        } else {
            "websocket"
        };
        gets_an_event(
            mode,
            &nginx.url(),
            "/pombo/socket.io/",
            &json!({}),
            expected,
            &client,
            &token,
        )
        .await;
    }
    plain_clients_are_served(nginx.address, "/pombo", &token, pombo_tests::server::KEY).await;
    Client::new(format!("{}/pombo", nginx.url()), pombo_tests::server::KEY)
        .get("/instance/fetchInstances")
        .await
        .expect(200);
    nginx.never_answered_502();
}

/// What holds behind every proxy that does not let upgrades through.
async fn works_without_upgrades(location: &str, plain: &[(&str, u16)]) {
    let (server, client, token) = acme(TRUSTED).await;
    let location = location.replace("SERVER", &server.address.to_string());
    let Some(nginx) =
        Nginx::start(|listen| block(listen, &format!("location / {{ {location} }}"))).await
    else {
        return;
    };
    gets_an_event(
        Mode::Default,
        &nginx.url(),
        "/socket.io/",
        &json!({}),
        "polling",
        &client,
        &token,
    )
    .await;
    gets_an_event(
        Mode::Polling,
        &nginx.url(),
        "/socket.io/",
        &json!({}),
        "polling",
        &client,
        &token,
    )
    .await;
    is_refused_at_once(&nginx.url(), &token).await;
    for (path, status) in plain {
        let reply = upgrade(
            nginx.address,
            &format!("{path}?apikey={}", pombo_tests::server::KEY),
            &[],
        )
        .await;
        assert_eq!(reply.status, *status, "{path}: {reply:?}");
        reply.json();
    }
    // The refusal says what is wrong with the proxy.
    let reply = upgrade(nginx.address, "/socket.io/?EIO=4&transport=websocket", &[]).await;
    assert_eq!(
        (reply.status, &reply.json()["code"]),
        (400, &json!(3)),
        "{reply:?}"
    );
    assert!(reply.body.contains("reverse proxy"), "{reply:?}");
    nginx.never_answered_502();
}

#[tokio::test]
async fn behind_a_bare_proxy_pass_clients_stay_on_polling() {
    let plain = [
        ("/", 200),
        ("/ws", 426),
        ("/ws/acme", 426),
        ("/acme", 404),
        ("/unknown", 404),
    ];
    works_without_upgrades("proxy_pass http://SERVER;", &plain).await;
}

#[tokio::test]
async fn behind_a_proxy_that_drops_upgrade_headers_clients_stay_on_polling() {
    let plain = [
        ("/", 200),
        ("/ws", 426),
        ("/ws/acme", 426),
        ("/acme", 404),
        ("/unknown", 404),
    ];
    works_without_upgrades("proxy_pass http://SERVER; proxy_http_version 1.1;", &plain).await;
}

#[tokio::test]
async fn behind_a_proxy_that_upgrades_over_http_1_0_clients_stay_on_polling() {
    let location = "proxy_pass http://SERVER; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;";
    works_without_upgrades(location, &[("/unknown", 404), ("/acme", 426)]).await;
}

#[tokio::test]
async fn a_proxy_that_speaks_http_1_0_gets_plain_answers() {
    let (server, client, token) = acme(&[]).await;
    client
        .incoming(NUMBER, "big", &"x".repeat(20_000))
        .await
        .expect(200);
    let body = "{}";
    let request = |version: &str| {
        format!(
            "POST /chat/findMessages/acme HTTP/{version}\r\nHost: x\r\napikey: {token}\r\nAccept-Encoding: gzip\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let reply = raw::exchange(server.address, &request("1.0")).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.header("transfer-encoding"), "");
    assert_eq!(reply.header("content-encoding"), "");
    assert_eq!(reply.json()["messages"]["total"], 1);
    let reply = raw::exchange(server.address, &request("1.1")).await;
    assert_eq!(
        reply.header("content-encoding"),
        "gzip",
        "{:?}",
        reply.header("content-encoding")
    );
}

#[tokio::test]
async fn behind_a_proxy_that_cuts_early_clients_come_back_and_miss_nothing() {
    let (server, client, token) = acme(TRUSTED).await;
    let config = |listen| {
        let text = sample(listen, server.address);
        replaced(&text, "proxy_read_timeout 1h;", "proxy_read_timeout 1s;")
    };
    let Some(nginx) = Nginx::start(config).await else {
        return;
    };
    for mode in [Mode::Websocket, Mode::Polling] {
        let job = json!({"url": nginx.url(), "namespaces": ["/acme"], "resume": true,
                         "options": {"query": {"apikey": token}, "transports": mode.options()["transports"]}});
        let Some(mut driver) = Driver::node("socketio.mjs", &job) else {
            return;
        };
        driver.kind("connect").await;
        // Learnt the place; from here on nothing may be missed.
        driver.event("replay.end").await;
        driver.kind("disconnect").await;
        let id = format!("cut-{mode:?}");
        client.incoming(NUMBER, &id, "while away").await.expect(200);
        driver.kind("connect").await;
        let known = driver
            .all()
            .iter()
            .filter(|line| line["arguments"][0]["data"]["key"]["id"] == id.as_str())
            .count();
        if known == 0 {
            driver.message(&id).await;
        }
    }
    nginx.never_answered_502();
}

#[tokio::test]
async fn idle_connections_are_kept_alive_by_heartbeats_that_proxies_can_see() {
    let (server, client, token) = acme(TRUSTED).await;
    let config = |listen| {
        // Above the heartbeat of 25 s, below two of them.
        let text = sample(listen, server.address);
        replaced(&text, "proxy_read_timeout 1h;", "proxy_read_timeout 35s;")
    };
    let Some(nginx) = Nginx::start(config).await else {
        return;
    };
    let Some(mut websocket) = Driver::socketio(
        &nginx.url(),
        "/acme",
        &token,
        json!({"options": {"transports": ["websocket"]}}),
    ) else {
        return;
    };
    let Some(mut polling) = Driver::socketio(
        &nginx.url(),
        "/acme",
        &token,
        json!({"options": {"transports": ["polling"]}}),
    ) else {
        return;
    };
    websocket.kind("connect").await;
    polling.kind("connect").await;
    let url = format!("ws://{}/ws/acme?apikey={token}", nginx.address);
    let (mut plain, _) = Socket::ready(&url, &[]).await;
    // Twice, so that without them NGINX would have ended everything in between.
    plain.pinged().await;
    plain.pinged().await;
    client
        .incoming(NUMBER, "idle", "still there?")
        .await
        .expect(200);
    plain.message_with_id("idle").await;
    for driver in [&mut websocket, &mut polling] {
        driver.message("idle").await;
        let lines = driver.all();
        assert!(
            lines.iter().all(|line| line["type"] != "disconnect"),
            "{lines:?}"
        );
    }
}

#[tokio::test]
async fn https_in_front_works_for_every_client() {
    let (server, client, token) = acme(TRUSTED).await;
    let Some(certificate) = crate::operations::Certificate::make() else {
        return;
    };
    let config = |listen: SocketAddr| {
        // The sample's own lines, uncommented; its plain port is not needed.
        let text = sample(listen, server.address);
        let text = replaced(&text, &format!("listen {listen};"), "");
        let text = replaced(&text, "# listen 443 ssl;", &format!("listen {listen} ssl;"));
        let text = replaced(
            &text,
            "# ssl_certificate     /etc/ssl/pombo/fullchain.pem;",
            &format!("ssl_certificate {};", certificate.chain.display()),
        );
        replaced(
            &text,
            "# ssl_certificate_key /etc/ssl/pombo/privkey.pem;",
            &format!("ssl_certificate_key {};", certificate.key.display()),
        )
    };
    let Some(nginx) = Nginx::start(config).await else {
        return;
    };
    let url = format!("https://{}", nginx.address);
    let trusting = json!({"rejectUnauthorized": false});
    for mode in [Mode::Default, Mode::Websocket, Mode::Polling] {
        let expected = if mode == Mode::Polling {
            "polling"
        } else {
            "websocket"
        };
        gets_an_event(
            mode,
            &url,
            "/socket.io/",
            &trusting,
            expected,
            &client,
            &token,
        )
        .await;
    }
    let job = json!({"url": format!("wss://{}/acme", nginx.address),
                     "options": {"headers": {"apikey": token}, "rejectUnauthorized": false}});
    let Some(mut plain) = Driver::node("websocket.mjs", &job) else {
        return;
    };
    plain.kind("open").await;
    let ready = plain.kind("message").await;
    assert!(
        ready["text"]
            .as_str()
            .is_some_and(|text| text.contains("\"ready\"")),
        "{ready}"
    );
    nginx.never_answered_502();
}

#[tokio::test]
async fn a_proxy_for_a_server_that_is_away_is_the_only_one_to_say_502() {
    let mut server = Server::start(TRUSTED).await;
    let token = server.client().create("acme", NUMBER, with_socket()).await;
    let Some(nginx) = Nginx::start(|listen| sample(listen, server.address)).await else {
        return;
    };
    let Some(mut driver) = Driver::socketio(
        &nginx.url(),
        "/acme",
        &token,
        json!({"options": {"transports": ["websocket"]}}),
    ) else {
        return;
    };
    driver.kind("connect").await;
    server.kill().await;
    driver.kind("disconnect").await;
    driver.kind("connect_error").await;
    server.start_again().await;
    driver.kind("connect").await;
    server
        .client()
        .incoming(NUMBER, "back", "hello again")
        .await
        .expect(200);
    driver.message("back").await;
}

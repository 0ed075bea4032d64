//! TLS, shutting down, health and metrics.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use pombo_tests::{Client, Server};
use serde_json::json;

use crate::support::{Driver, NUMBER, Socket, acme, skip, with_socket};

/// A certificate for 127.0.0.1 that nobody trusts.
pub(crate) struct Certificate {
    _folder: tempfile::TempDir,
    pub(crate) key: PathBuf,
    pub(crate) chain: PathBuf,
}

impl Certificate {
    /// Makes one; `None`, said loudly, without `openssl`.
    pub(crate) fn make() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary directory can be made");
        let (key, chain) = (
            folder.path().join("privkey.pem"),
            folder.path().join("fullchain.pem"),
        );
        let made = std::process::Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
                "-days",
                "2",
            ])
            .args([
                "-subj",
                "/CN=localhost",
                "-addext",
                "subjectAltName=DNS:localhost,IP:127.0.0.1",
            ])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .arg("-keyout")
            .arg(&key)
            .arg("-out")
            .arg(&chain)
            .output();
        match made {
            Ok(output) if output.status.success() => Some(Self {
                _folder: folder,
                key,
                chain,
            }),
            Ok(output) => panic!("openssl: {}", String::from_utf8_lossy(&output.stderr)),
            Err(_) => {
                skip("openssl");
                None
            }
        }
    }

    fn text(path: &std::path::Path) -> &str {
        path.to_str().expect("an ordinary path")
    }
}

#[tokio::test]
async fn tls_with_a_certificate_of_ones_own_serves_rest_and_sockets() {
    let Some(certificate) = Certificate::make() else {
        return;
    };
    let server = Server::start(&[
        ("SERVER_TYPE", "https"),
        ("SSL_CONF_PRIVKEY", Certificate::text(&certificate.key)),
        ("SSL_CONF_FULLCHAIN", Certificate::text(&certificate.chain)),
    ])
    .await;
    let url = format!("https://{}", server.address);
    assert!(
        server.log().contains(&format!("ready: {url}")),
        "{}",
        server.log()
    );

    drop(rustls::crypto::ring::default_provider().install_default());
    let pem = std::fs::read(&certificate.chain).expect("it was made");
    let trusted = reqwest::Certificate::from_pem(&pem).expect("a certificate");
    let http = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([trusted])
        .build()
        .expect("a client can be built");
    let created = http
        .post(format!("{url}/instance/create"))
        .header("apikey", pombo_tests::server::KEY)
        .json(&json!({"instanceName": "acme", "integration": "EVOLUTION", "number": NUMBER, "websocket": {"enabled": true}}))
        .send()
        .await
        .expect("the certificate is trusted and an answer comes");
    assert_eq!(created.status(), 201);

    let job = json!({"url": url, "namespaces": ["/acme"],
                     "options": {"query": {"apikey": pombo_tests::server::KEY}, "rejectUnauthorized": false}});
    let Some(mut driver) = Driver::node("socketio.mjs", &job) else {
        return;
    };
    driver.kind("connect").await;
    driver
        .ever("an upgrade", |line| {
            line["type"] == "upgrade" && line["transport"] == "websocket"
        })
        .await;
    let sent = http
        .post(format!("{url}/webhook/evolution"))
        .json(&pombo_tests::client::incoming(NUMBER, "tls", "safe"))
        .send()
        .await
        .expect("an answer");
    assert_eq!(sent.status(), 200);
    driver.message("tls").await;

    // Somebody who speaks plain HTTP to the TLS port harms nobody.
    let plain = Client::new(server.url(), pombo_tests::server::KEY);
    assert!(
        plain
            .try_send(plain.request(reqwest::Method::GET, "/"))
            .await
            .is_err()
    );
    assert_eq!(
        http.get(format!("{url}/health/live"))
            .send()
            .await
            .expect("an answer")
            .status(),
        200
    );
}

#[tokio::test]
async fn a_missing_certificate_is_a_clear_refusal_and_never_plain_http() {
    let (code, text) = Server::refused(&[
        ("SERVER_TYPE", "https"),
        ("SSL_CONF_PRIVKEY", "/nonexistent/privkey.pem"),
        ("SSL_CONF_FULLCHAIN", "/nonexistent/fullchain.pem"),
    ])
    .await;
    assert_ne!(code, 0);
    assert!(text.contains("SSL_CONF_"), "{text}");
    let (code, text) = Server::refused(&[("SERVER_TYPE", "https")]).await;
    assert_ne!(code, 0);
    assert!(
        text.contains("SSL_CONF_PRIVKEY") && text.contains("SSL_CONF_FULLCHAIN"),
        "{text}"
    );
}

#[tokio::test]
async fn sigterm_ends_the_server_in_time_with_everybody_connected_and_loses_nothing() {
    let (mut server, client, token) = acme(&[]).await;
    let Some(mut sio) = Driver::socketio(&server.url(), "/acme", &token, json!({})) else {
        return;
    };
    let Some(mut polling) = Driver::socketio(
        &server.url(),
        "/acme",
        &token,
        json!({"options": {"transports": ["polling"]}}),
    ) else {
        return;
    };
    // In the middle of the change to WebSocket it could hear nothing.
    if sio.kind("connect").await["transport"] == "polling" {
        sio.kind("upgrade").await;
    }
    polling.kind("connect").await;
    let (mut socket, _) = Socket::ready(
        &format!("ws://{}/ws/acme?apikey={token}", server.address),
        &[],
    )
    .await;
    let idle = tokio::net::TcpStream::connect(server.address)
        .await
        .expect("it listens");
    client
        .incoming(NUMBER, "last", "the last words")
        .await
        .expect(200);
    let started = Instant::now();
    let (code, closed) = tokio::join!(server.terminate(), socket.closed());
    assert_eq!(code, 0, "{}", server.log());
    assert!(
        started.elapsed() < Duration::from_secs(12),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(closed.0, 1001);
    sio.message("last").await;
    sio.kind("disconnect").await;
    polling.kind("disconnect").await;
    drop(idle);

    server.start_again().await;
    let found = server
        .client()
        .post(
            "/chat/findMessages/acme",
            &json!({"where": {"key": {"id": "last"}}}),
        )
        .await
        .expect(200)
        .json();
    assert_eq!(found["messages"]["total"], 1, "{found}");
    sio.kind("connect").await;
    polling.kind("connect").await;
}

#[tokio::test]
async fn health_tells_whether_it_lives_and_is_ready_without_a_key() {
    let server = Server::start(&[]).await;
    let anybody = server.client().without_key();
    for path in ["/health/live", "/health/ready"] {
        assert!(
            anybody.get(path).await.expect(200).json().is_object(),
            "{path}"
        );
    }
}

#[tokio::test]
async fn metrics_are_off_unless_asked_for() {
    let server = Server::start(&[]).await;
    assert_eq!(
        server.client().get("/metrics").await.expect(404).json()["status"],
        404
    );
}

#[tokio::test]
async fn metrics_show_the_originals_figures_and_ours() {
    let (server, client, token) = acme(&[("PROMETHEUS_METRICS", "true")]).await;
    let (_socket, _) = Socket::ready(
        &format!("ws://{}/ws/acme?apikey={token}", server.address),
        &[],
    )
    .await;
    client.incoming(NUMBER, "counted", "one").await.expect(200);
    let answer = client.without_key().get("/metrics").await.expect(200);
    assert!(
        answer.header("content-type").starts_with("text/plain"),
        "{:?}",
        answer.headers
    );
    for line in [
        "evolution_environment_info{",
        "evolution_instances_total 1",
        "evolution_instance_up{instance=\"acme\",integration=\"EVOLUTION\"} 1",
        "evolution_instance_state{instance=\"acme\",integration=\"EVOLUTION\",state=\"open\"} 1",
        "pombo_live_clients 1",
        "pombo_events_total ",
        "pombo_sink_lag_events{sink=\"webhook\"} 0",
    ] {
        assert!(
            answer.text.lines().any(|own| own.starts_with(line)),
            "{line} is missing in\n{}",
            answer.text
        );
    }
    assert!(!answer.text.contains(&token), "no keys in metrics");
}

#[tokio::test]
async fn metrics_ask_for_user_and_password_when_told_to() {
    let base = [
        ("PROMETHEUS_METRICS", "true"),
        ("METRICS_AUTH_REQUIRED", "true"),
    ];
    let settings = [
        base.as_slice(),
        &[("METRICS_USER", "prom"), ("METRICS_PASSWORD", "se:cret")],
    ]
    .concat();
    let server = Server::start(&settings).await;
    let anybody = server.client().without_key();
    let refused = anybody.get("/metrics").await.expect(401);
    assert_eq!(refused.text, "Authentication required");
    assert!(
        refused
            .header("www-authenticate")
            .starts_with("Basic realm="),
        "{:?}",
        refused.headers
    );
    let ask = |user: &'static str, password: &'static str| {
        let request = anybody
            .request(reqwest::Method::GET, "/metrics")
            .basic_auth(user, Some(password));
        let anybody = anybody.clone();
        async move { anybody.send(request).await }
    };
    assert_eq!(
        ask("prom", "wrong").await.expect(401).text,
        "Invalid credentials"
    );
    assert_eq!(
        ask("prom", "se").await.expect(401).text,
        "Invalid credentials"
    );
    ask("prom", "se:cret").await.expect(200);
    // The API key plays no part.
    server.client().get("/metrics").await.expect(401);

    let unset = Server::start(&base).await;
    assert_eq!(
        unset.client().get("/metrics").await.expect(500).text,
        "Metrics authentication not configured"
    );
}

#[tokio::test]
async fn metrics_are_for_the_listed_addresses_only() {
    let server = Server::start(&[
        ("PROMETHEUS_METRICS", "true"),
        ("METRICS_ALLOWED_IPS", "192.0.2.7"),
    ])
    .await;
    let refused = server.client().get("/metrics").await.expect(403);
    assert_eq!(refused.text, "Forbidden: IP not allowed");
    // A header that anybody can write opens nothing.
    let request = server
        .client()
        .request(reqwest::Method::GET, "/metrics")
        .header("x-forwarded-for", "192.0.2.7");
    server.client().send(request).await.expect(403);

    let settings = [
        ("PROMETHEUS_METRICS", "true"),
        ("METRICS_ALLOWED_IPS", " 127.0.0.0/8 , 192.0.2.7"),
    ];
    Server::start(&settings)
        .await
        .client()
        .get("/metrics")
        .await
        .expect(200);
}

#[tokio::test]
async fn a_server_with_sockets_switched_off_stores_their_settings_all_the_same() {
    let server = Server::start(&[("WEBSOCKET_ENABLED", "false")]).await;
    let client = server.client();
    let token = client.create("acme", NUMBER, with_socket()).await;
    let reply =
        crate::support::get(server.address, "/socket.io/?EIO=4&transport=polling", &[]).await;
    assert_eq!(
        (reply.status, &reply.json()["status"]),
        (404, &json!(404)),
        "{reply:?}"
    );
    for path in [
        "/socket.io/?EIO=4&transport=websocket",
        "/ws/acme",
        "/acme",
        "/ws",
        "/",
    ] {
        let reply =
            crate::support::upgrade(server.address, path, &[&format!("apikey: {token}")]).await;
        assert_eq!(
            (reply.status, &reply.json()["status"]),
            (404, &json!(404)),
            "{path}: {reply:?}"
        );
    }
    let body = json!({"websocket": {"enabled": true, "events": ["MESSAGES_UPSERT"]}});
    let answer = client.post("/websocket/set/acme", &body).await.expect(201);
    assert_ne!(answer.header("x-warning"), "", "{:?}", answer.headers);
    let found = client.get("/websocket/find/acme").await.expect(200).json();
    assert_eq!(
        (&found["enabled"], &found["events"]),
        (&json!(true), &json!(["MESSAGES_UPSERT"]))
    );
}

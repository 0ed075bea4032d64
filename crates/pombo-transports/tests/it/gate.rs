//! What is refused before Engine.IO sees it, and how.

use std::sync::Arc;
use std::time::Instant;

use pombo_domain::port::LiveTransport;
use pombo_transports::socketio::SocketIoConfig;
use serde_json::json;

use crate::support::http::{get, raw, refused_upgrade, send};
use crate::support::{GLOBAL_KEY, Sio, World};

const POLLING: &str = "/socket.io/?EIO=4&transport=polling";
const WEBSOCKET: &str = "/socket.io/?EIO=4&transport=websocket";

#[tokio::test]
async fn other_paths_reach_the_router() {
    let world = World::start().await;
    for path in ["/", "/socket.iox", "/instance/socket.io/"] {
        assert_eq!(get(world.address, path).await.status, 418, "{path}");
    }
}

#[tokio::test]
async fn unknown_paths_below_get_the_normal_envelope() {
    let world = World::start().await;
    let answer = get(world.address, "/socket.io/acme?EIO=4&transport=polling").await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.json()["status"], 404);
    assert_eq!(answer.json()["error"], "Not Found");
    assert!(
        answer.json()["response"]["message"][0]
            .as_str()
            .unwrap()
            .contains("/ws/")
    );
}

#[tokio::test]
async fn refusals_have_the_references_form() {
    let world = World::start().await;
    let cases = [
        ("GET", "/socket.io/", 0, "Transport unknown"),
        ("GET", "/socket.io/?EIO=4", 0, "Transport unknown"),
        (
            "GET",
            "/socket.io/?EIO=4&transport=tarot",
            0,
            "Transport unknown",
        ),
        (
            "GET",
            "/socket.io?EIO=3&transport=polling",
            5,
            "Unsupported protocol version",
        ),
        (
            "GET",
            "/socket.io/?EIO=abc&transport=polling",
            5,
            "Unsupported protocol version",
        ),
        ("POST", POLLING, 2, "Bad handshake method"),
        ("PUT", POLLING, 2, "Bad handshake method"),
        (
            "GET",
            "/socket.io/?EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAA",
            1,
            "Session ID unknown",
        ),
        (
            "GET",
            "/socket.io/?EIO=4&transport=polling&sid=",
            1,
            "Session ID unknown",
        ),
        (
            "POST",
            "/socket.io/?EIO=4&transport=polling&sid=x",
            1,
            "Session ID unknown",
        ),
    ];
    for (method, path, code, message) in cases {
        let answer = send(world.address, method, path, &[("apikey", GLOBAL_KEY)], "").await;
        assert_eq!(answer.status, 400, "{method} {path}");
        assert_eq!(answer.json()["code"], json!(code), "{method} {path}");
        assert_eq!(answer.json()["message"], message, "{method} {path}");
    }
    assert_eq!(world.live.metrics().refused_handshakes(), 10);
}

#[tokio::test]
async fn exactly_the_references_bytes() {
    let world = World::start().await;
    let answer = get(world.address, "/socket.io/?EIO=3&transport=polling").await;
    assert_eq!(
        answer.body,
        r#"{"code":5,"message":"Unsupported protocol version"}"#
    );
}

#[tokio::test]
async fn websocket_handshakes_are_refused_with_json_at_once() {
    let world = World::start().await;
    let started = Instant::now();
    let answer = refused_upgrade(world.address, "/socket.io/", &[]).await;
    assert_eq!((answer.status, &answer.json()["code"]), (400, &json!(0)));
    assert!(
        answer.json()["hint"]
            .as_str()
            .unwrap()
            .contains("/ws/{instance}")
    );

    let answer = refused_upgrade(world.address, "/socket.io/?transport=websocket", &[]).await;
    assert_eq!((answer.status, &answer.json()["code"]), (400, &json!(5)));
    assert!(
        answer.json()["hint"]
            .as_str()
            .unwrap()
            .contains("/ws/{instance}")
    );

    let answer = refused_upgrade(world.address, &format!("{WEBSOCKET}&apikey=wrong"), &[]).await;
    assert_eq!((answer.status, &answer.json()["code"]), (403, &json!(4)));
    assert_eq!(answer.json()["message"], "Invalid global token");

    let answer = refused_upgrade(
        world.address,
        &format!("{WEBSOCKET}&sid=AAAAAAAAAAAAAAAA"),
        &[],
    )
    .await;
    assert_eq!((answer.status, &answer.json()["code"]), (400, &json!(1)));
    assert!(started.elapsed() < crate::support::DEADLINE);
}

#[tokio::test]
async fn a_proxy_that_drops_the_upgrade_headers_is_named() {
    let world = World::start().await;
    let path = format!("{WEBSOCKET}&apikey={GLOBAL_KEY}");
    let http11 = get(world.address, &path).await;
    let http10 = raw(
        world.address,
        &format!(
            "GET {path} HTTP/1.0\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        ),
    )
    .await;
    for answer in [http11, http10] {
        assert_eq!((answer.status, &answer.json()["code"]), (400, &json!(3)));
        assert!(
            answer.json()["message"]
                .as_str()
                .unwrap()
                .contains("reverse proxy")
        );
    }
}

#[tokio::test]
async fn a_handshake_without_key_header_gets_a_body() {
    let world = World::start().await;
    let headers = [("connection", "upgrade"), ("upgrade", "websocket")];
    let request = format!(
        "GET {WEBSOCKET} HTTP/1.1\r\nhost: x\r\nconnection: close, {}\r\nupgrade: {}\r\n\r\n",
        headers[0].1, headers[1].1
    );
    let answer = raw(world.address, &request).await;
    assert_eq!((answer.status, &answer.json()["code"]), (400, &json!(3)));
    assert!(
        answer.json()["message"]
            .as_str()
            .unwrap()
            .contains("Sec-WebSocket-Key")
    );
}

#[tokio::test]
async fn keys_are_taken_from_query_header_and_bearer() {
    let world = World::start().await;
    world.instance("acme");
    let bearer = format!("Bearer {GLOBAL_KEY}");
    let good: [(&str, &[(&str, &str)]); 5] = [
        ("&apikey=the-global-key", &[]),
        ("&apikey=token%2Dof-acme", &[]),
        ("", &[("apikey", GLOBAL_KEY)]),
        ("", &[("authorization", &bearer)]),
        ("", &[]),
    ];
    for (query, headers) in good {
        assert_eq!(
            send(
                world.address,
                "GET",
                &format!("{POLLING}{query}"),
                headers,
                ""
            )
            .await
            .status,
            200,
            "{query}"
        );
    }
    let bad: [(&str, &[(&str, &str)]); 3] = [
        ("&apikey=nope", &[("apikey", GLOBAL_KEY)]),
        ("", &[("apikey", "nope")]),
        ("", &[("authorization", "Bearer nope")]),
    ];
    for (query, headers) in bad {
        let answer = send(
            world.address,
            "GET",
            &format!("{POLLING}{query}"),
            headers,
            "",
        )
        .await;
        assert_eq!(answer.status, 403);
        assert_eq!(
            answer.body,
            r#"{"code":4,"message":"Invalid global token"}"#
        );
    }
}

#[tokio::test]
async fn keyless_handshakes_can_be_switched_off() {
    let config = SocketIoConfig {
        keyless_handshake: false,
        ..SocketIoConfig::default()
    };
    let world = World::with(config).await;
    let answer = get(world.address, POLLING).await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.body, r#"{"code":4,"message":"apiKey is required"}"#);
}

#[tokio::test]
async fn a_foreign_origin_may_not_open_a_websocket() {
    let config = SocketIoConfig {
        origin_allowed: Some(Arc::new(|origin: &str| origin == "https://a.test")),
        ..SocketIoConfig::default()
    };
    let world = World::with(config).await;
    let path = format!("{WEBSOCKET}&apikey={GLOBAL_KEY}");
    let answer = refused_upgrade(world.address, &path, &[("origin", "https://b.test")]).await;
    assert_eq!((answer.status, &answer.json()["code"]), (403, &json!(4)));
    Sio::dial(world.address, &path, &[("origin", "https://a.test")])
        .await
        .unwrap();
    Sio::dial(world.address, &path, &[]).await.unwrap();
}

#[tokio::test]
async fn preflight_without_cors_layer_is_no_error() {
    let world = World::start().await;
    assert_eq!(
        send(world.address, "OPTIONS", "/socket.io/", &[], "")
            .await
            .status,
        204
    );
}

#[tokio::test]
async fn nobody_is_admitted_while_closing() {
    let world = World::start().await;
    world.live.close().await;
    assert_eq!(get(world.address, POLLING).await.status, 503);
}

#[tokio::test]
async fn odd_requests_get_an_answer() {
    let world = World::start().await;
    let mut random = fastrand::Rng::with_seed(7);
    let pieces = [
        "EIO=4",
        "EIO=",
        "&",
        "=",
        "transport=polling",
        "transport=websocket",
        "sid=",
        "%",
        "%ff",
        "%00",
        "apikey=",
        "?",
        "offset=",
        "99999999999999999999",
        "+",
        "/",
        "b64=1",
        "AAAAAAAAAAAAAAAA",
    ];
    for _ in 0..300 {
        let query: String = (0..random.usize(..8))
            .map(|_| pieces[random.usize(..pieces.len())])
            .collect();
        let method = ["GET", "POST", "PUT", "HEAD", "DELETE", "PATCH", "X"][random.usize(..7)];
        let answer = send(
            world.address,
            method,
            &format!("/socket.io/?{query}"),
            &[],
            "",
        )
        .await;
        assert!(
            [200, 400, 403].contains(&answer.status),
            "{method} {query} {answer:?}"
        );
    }
}

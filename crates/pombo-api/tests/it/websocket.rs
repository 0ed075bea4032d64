//! The native WebSocket: handshakes over a real connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::Request;
use axum::middleware::{self, Next};
use futures_util::{SinkExt, StreamExt};
use http::HeaderValue;
use pombo_api::{AddressRule, ApiState, CorsPolicy, PeerAddress};
use pombo_domain::port::Access;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::kit::{Api, KEY};

async fn serve(configure: impl FnOnce(&mut ApiState)) -> (Api, SocketAddr) {
    let api = Api::with(configure).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let peer = |mut request: Request, next: Next| async {
        request
            .extensions_mut()
            .insert(PeerAddress(([127, 0, 0, 1], 5000).into()));
        next.run(request).await
    };
    let router = api.router.clone().layer(middleware::from_fn(peer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (api, address)
}

/// The status, and the body of a refusal; every answer comes at once.
async fn handshake(
    address: SocketAddr,
    path: &str,
    headers: &[(&'static str, &str)],
) -> (u16, Value) {
    let mut request = format!("ws://{address}{path}")
        .into_client_request()
        .unwrap();
    for (name, value) in headers {
        request
            .headers_mut()
            .insert(*name, HeaderValue::from_str(value).unwrap());
    }
    let start = Instant::now();
    let outcome = connect_async(request).await;
    assert!(
        start.elapsed() < Duration::from_millis(1000),
        "{:?}",
        start.elapsed()
    );
    match outcome {
        Ok((_, response)) => (response.status().as_u16(), Value::Null),
        Err(Error::Http(response)) => {
            let body = serde_json::from_slice(response.body().as_deref().unwrap_or_default())
                .unwrap_or_default();
            (response.status().as_u16(), body)
        }
        Err(other) => panic!("no HTTP answer: {other}"),
    }
}

#[tokio::test]
async fn keys_from_everywhere_open_it() {
    let (api, address) = serve(|_| {}).await;
    let token = api.create("alice").await;
    let query = format!("/ws/alice?apikey={KEY}&offset=5");
    let bearer = format!("Bearer {KEY}");
    let protocol = format!("apikey.{KEY}");
    assert_eq!(handshake(address, &query, &[]).await.0, 101);
    assert_eq!(
        handshake(address, "/ws", &[("apikey", &token)]).await.0,
        101
    );
    assert_eq!(
        handshake(address, "/alice", &[("authorization", &bearer)])
            .await
            .0,
        101
    );
    assert_eq!(
        handshake(address, "/", &[("sec-websocket-protocol", &protocol)])
            .await
            .0,
        101
    );
    assert_eq!(
        handshake(address, "/WS/alice/", &[("apikey", KEY)]).await.0,
        101
    );
    let opened = api.feed.opened.lock().unwrap();
    let seen: Vec<_> = opened
        .iter()
        .map(|request| {
            (
                request
                    .instance
                    .as_ref()
                    .map(|instance| instance.name.to_string()),
                request.offset,
            )
        })
        .collect();
    let alice = || Some("alice".to_owned());
    assert_eq!(
        seen,
        [
            (alice(), Some(5)),
            (None, None),
            (alice(), None),
            (None, None),
            (alice(), None)
        ]
    );
    assert!(matches!(&opened[1].access, Access::Instances(ids) if ids.len() == 1));
}

#[tokio::test]
async fn the_key_protocol_is_chosen() {
    let (api, address) = serve(|_| {}).await;
    api.create("alice").await;
    let mut request = format!("ws://{address}/ws/alice")
        .into_client_request()
        .unwrap();
    let offered = format!("other, apikey.{KEY}");
    request.headers_mut().insert(
        "sec-websocket-protocol",
        HeaderValue::from_str(&offered).unwrap(),
    );
    let (_, response) = connect_async(request).await.unwrap();
    assert_eq!(
        response.headers()["sec-websocket-protocol"],
        format!("apikey.{KEY}")
    );
}

#[tokio::test]
async fn refusals_are_json_and_come_at_once() {
    let (api, address) = serve(|state| {
        state.config.cors = CorsPolicy::listed(|origin| origin == "https://a.test");
    })
    .await;
    let token = api.create("alice").await;
    api.create("bob").await;
    for (path, headers, status) in [
        ("/ws/alice", vec![], 401),
        ("/ws/alice", vec![("apikey", "wrong")], 401),
        ("/ws/bob", vec![("apikey", token.as_str())], 401),
        ("/ws/nobody", vec![("apikey", KEY)], 404),
        ("/nobody", vec![("apikey", KEY)], 404),
        ("/ws/nobody", vec![], 401),
        ("/ws/a/b", vec![("apikey", KEY)], 404),
        (
            "/instance/connectionState/alice",
            vec![("apikey", KEY)],
            404,
        ),
        (
            "/ws/alice",
            vec![("apikey", KEY), ("origin", "https://b.test")],
            403,
        ),
        ("/ws/alice?offset=x", vec![("apikey", KEY)], 400),
        (
            "/ws/alice",
            vec![("apikey", KEY), ("origin", "https://a.test")],
            101,
        ),
    ] {
        let (answered, body) = handshake(address, path, &headers).await;
        assert_eq!(answered, status, "{path} {headers:?} {body}");
        if status != 101 {
            assert_eq!(body["status"], status);
        }
    }
    let (_, body) = handshake(address, "/elsewhere/x", &[]).await;
    let text = body["response"]["message"][0].as_str().unwrap();
    assert!(
        text.contains("/socket.io/") && text.contains("/ws/{instance}"),
        "{text}"
    );
}

#[tokio::test]
async fn without_an_upgrade_there_is_a_hint() {
    let (api, _) = serve(|_| {}).await;
    for path in ["/ws", "/ws/alice", "/WS/"] {
        let answer = api.get(path).await;
        assert_eq!(
            (answer.status, answer.header("upgrade")),
            (426, "websocket"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn exempt_addresses_need_no_key_unless_they_were_forwarded() {
    let (api, address) = serve(|state| {
        state.config.websocket_exempt = AddressRule::new(|address| address.is_loopback());
    })
    .await;
    api.create("alice").await;
    assert_eq!(handshake(address, "/ws/alice", &[]).await.0, 101);
    for header in ["x-forwarded-for", "forwarded", "x-real-ip"] {
        assert_eq!(
            handshake(address, "/ws/alice", &[(header, "192.0.2.1")])
                .await
                .0,
            401,
            "{header}"
        );
    }
}

#[tokio::test]
async fn switched_off_it_is_not_there() {
    let (api, address) = serve(|state| state.feed = None).await;
    api.create("alice").await;
    assert_eq!(
        handshake(address, "/ws/alice", &[("apikey", KEY)]).await.0,
        404
    );
}

#[tokio::test]
async fn frames_go_both_ways_and_goodbyes_are_said() {
    let (api, address) = serve(|state| state.config.websocket_message_limit = 1000).await;
    api.create("alice").await;
    let url = format!("ws://{address}/ws/alice?apikey={KEY}");
    let (mut socket, _) = connect_async(&url).await.unwrap();
    assert_eq!(
        socket.next().await.unwrap().unwrap(),
        Message::text("hello")
    );
    socket.send(Message::text("é")).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::text("é"));
    socket.send(Message::text("bye")).await.unwrap();
    let Message::Close(Some(close)) = socket.next().await.unwrap().unwrap() else {
        panic!("no goodbye")
    };
    assert_eq!(
        (u16::from(close.code), close.reason.as_str()),
        (1001, "bye")
    );
    drop(socket);
    // A client's goodbye is returned.
    let (mut socket, _) = connect_async(&url).await.unwrap();
    socket.next().await.unwrap().unwrap();
    socket.close(None).await.unwrap();
    let answer = socket.next().await.unwrap().unwrap();
    assert!(answer.is_close(), "{answer:?}");
    drop(socket);
    // Too large a message ends the connection, not the server.
    let (mut socket, _) = connect_async(&url).await.unwrap();
    socket.next().await.unwrap().unwrap();
    socket.send(Message::text("x".repeat(5000))).await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(5), async {
        while let Some(Ok(message)) = socket.next().await {
            if message.is_close() {
                break;
            }
        }
    });
    ended.await.unwrap();
    drop(socket);
    let (socket, _) = connect_async(&url).await.unwrap();
    drop(socket);
    let closed = Arc::clone(&api.feed.closed);
    for _ in 0..200 {
        if *closed.lock().unwrap() == 4 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the feed was told of {} of 4", closed.lock().unwrap());
}

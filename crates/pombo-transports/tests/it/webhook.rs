//! One attempt to deliver by HTTP.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use pombo_domain::clock::{SystemClock, Timestamp};
use pombo_domain::event::envelope::EnvelopeStyle;
use pombo_domain::event::{Event, EventKind};
use pombo_domain::id::{InstanceId, RowId};
use pombo_domain::instance::{InstanceName, InstanceRef};
use pombo_domain::port::{Delivered, DeliveryError, EventTransport};
use pombo_domain::subscription::{EventList, Subscription, TransportKind};
use pombo_net::{OutboundClient, OutboundConfig, OutboundPolicy};
use pombo_transports::webhook::{WebhookConfig, WebhookTransport};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::event;

type Seen = Arc<Mutex<Vec<(String, HeaderMap, Vec<u8>)>>>;

struct Receiver {
    url: String,
    seen: Seen,
}

/// Answers `/status/{code}` with that code, waits at `/slow`, and 200 elsewhere.
async fn receiver() -> Receiver {
    async fn receive(State(seen): State<Seen>, request: Request) -> Response {
        let path = request.uri().to_string();
        let headers = request.headers().clone();
        let body = axum::body::to_bytes(request.into_body(), usize::MAX)
            .await
            .unwrap();
        seen.lock()
            .unwrap()
            .push((path.clone(), headers, body.to_vec()));
        if path == "/slow" {
            std::future::pending::<()>().await;
        }
        let code = path
            .strip_prefix("/status/")
            .and_then(|code| code[..3].parse().ok())
            .unwrap_or(200);
        let status = StatusCode::from_u16(code).unwrap();
        if code == 429 || code == 503 {
            return (status, [("retry-after", "7")], "secret answer").into_response();
        }
        (status, "secret answer").into_response()
    }
    let seen = Seen::default();
    let app = Router::new().fallback(receive).with_state(seen.clone());
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    Receiver { url, seen }
}

fn transport(policy: OutboundPolicy) -> WebhookTransport {
    let client = OutboundClient::new(OutboundConfig {
        policy,
        ..OutboundConfig::default()
    })
    .unwrap();
    let config = WebhookConfig {
        timeout: Duration::from_millis(500),
        ..WebhookConfig::default()
    };
    WebhookTransport::new(config, client, Arc::new(SystemClock))
}

fn subscription(options: Value) -> Subscription {
    let Value::Object(options) = options else {
        panic!("options are an object")
    };
    Subscription {
        id: RowId::new(Timestamp::from_millis(1)),
        instance_id: InstanceId::random(),
        transport: TransportKind::Webhook,
        enabled: true,
        events: EventList::all(),
        options,
        created_at: Timestamp::default(),
        updated_at: Timestamp::default(),
        retired_at_seq: None,
    }
}

async fn deliver(options: Value) -> Result<Delivered, DeliveryError> {
    let acme = InstanceRef {
        id: InstanceId::random(),
        name: InstanceName::new("acme").unwrap(),
    };
    let event = Event::logged(5, event(&acme, EventKind::MessagesUpsert, "{\"a\":1}"));
    let envelope = EnvelopeStyle::default().encode(&event.event, None);
    transport(OutboundPolicy::Private)
        .deliver(&event, &envelope, &subscription(options), 1)
        .await
}

#[tokio::test]
async fn body_and_headers() {
    let receiver = receiver().await;
    let url = format!("{}/in?x=1", receiver.url);
    let delivered = deliver(json!({
        "url": url,
        "headers": {"X-Own": "a", "bad name": "b", "X-Number": 7, "X-None": null, "Content-Type": "text/own"},
    }))
    .await;
    assert_eq!(delivered.unwrap(), Delivered { status: Some(200) });
    let seen = receiver.seen.lock().unwrap();
    let (path, headers, body) = &seen[0];
    assert_eq!(path, "/in?x=1");
    let body: Value = serde_json::from_slice(body).unwrap();
    assert_eq!(body["event"], "messages.upsert");
    assert_eq!(body["instance"], "acme");
    assert_eq!(body["destination"], url);
    assert_eq!(headers["x-own"], "a");
    assert_eq!(headers["x-number"], "7");
    assert_eq!(headers["content-type"], "text/own");
    assert!(
        headers["user-agent"]
            .to_str()
            .unwrap()
            .starts_with("Pombo/")
    );
    assert!(headers["webhook-id"].to_str().unwrap().starts_with("evt_"));
    assert!(!headers.contains_key("webhook-signature"));
    assert!(!headers.contains_key("authorization"));
}

#[tokio::test]
async fn by_event_and_global() {
    let receiver = receiver().await;
    let url = format!("{}/in", receiver.url);
    deliver(json!({"url": url, "webhookByEvents": true}))
        .await
        .unwrap();
    deliver(
        json!({"url": url, "webhookByEvents": true, "global": true, "headers": {"X-Own": "a"}}),
    )
    .await
    .unwrap();
    let seen = receiver.seen.lock().unwrap();
    let body = |at: usize| serde_json::from_slice::<Value>(&seen[at].2).unwrap();
    assert_eq!(
        (seen[0].0.as_str(), seen[1].0.as_str()),
        ("/in/messages-upsert", "/in/messages-upsert")
    );
    assert_eq!(body(0)["destination"], url);
    assert_eq!(body(1)["destination"], format!("{url}/messages-upsert"));
    assert!(!seen[1].1.contains_key("x-own"));
}

#[tokio::test]
async fn signatures_satisfy_the_official_library() {
    let receiver = receiver().await;
    let (old, new) = (
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "bmV3LXNlY3JldC1uZXctc2VjcmV0",
    );
    deliver(json!({"url": receiver.url, "secret": new, "previousSecret": old}))
        .await
        .unwrap();
    let seen = receiver.seen.lock().unwrap();
    let (_, headers, body) = &seen[0];
    assert_eq!(
        headers["webhook-signature"]
            .to_str()
            .unwrap()
            .split(' ')
            .count(),
        2
    );
    for secret in [old, new] {
        standardwebhooks::Webhook::new(secret)
            .unwrap()
            .verify(body, headers)
            .unwrap();
    }
    let other = standardwebhooks::Webhook::new("b3RoZXItc2VjcmV0LW90aGVyLXNlY3JldA==").unwrap();
    other.verify(body, headers).unwrap_err();
}

#[tokio::test]
async fn the_originals_token() {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use hmac::{Hmac, KeyInit, Mac};

    let receiver = receiver().await;
    deliver(json!({"url": receiver.url, "headers": {"jwt_key": "k", "authorization": "replaced"}}))
        .await
        .unwrap();
    let seen = receiver.seen.lock().unwrap();
    let headers = &seen[0].1;
    assert!(!headers.contains_key("jwt_key"));
    let token = headers["authorization"]
        .to_str()
        .unwrap()
        .strip_prefix("Bearer ")
        .unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"k").unwrap();
    mac.update(signed.as_bytes());
    mac.verify_slice(&URL_SAFE_NO_PAD.decode(signature).unwrap())
        .unwrap();
    let (head, claims) = signed.split_once('.').unwrap();
    let decode = |part: &str| {
        serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    assert_eq!(decode(head), json!({"alg": "HS256", "typ": "JWT"}));
    let claims = decode(claims);
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        600
    );
    assert_eq!(
        (&claims["app"], &claims["action"]),
        (&json!("evolution"), &json!("webhook"))
    );
}

#[tokio::test]
async fn answers_are_sorted() {
    let receiver = receiver().await;
    let answer = async |code: u16| {
        deliver(json!({"url": format!("{}/status/{code}?key=TOPSECRET", receiver.url)})).await
    };
    assert_eq!(answer(204).await.unwrap(), Delivered { status: Some(204) });
    assert!(matches!(answer(410).await, Err(DeliveryError::Gone)));
    for code in [400, 401, 403, 404, 422] {
        assert!(
            matches!(answer(code).await, Err(DeliveryError::Permanent { status: Some(seen), .. }) if seen == code)
        );
    }
    for (code, after) in [
        (500, None),
        (502, None),
        (408, None),
        (429, Some(7)),
        (503, Some(7)),
    ] {
        let Err(DeliveryError::Retry {
            status,
            after: seen,
            reason,
        }) = answer(code).await
        else {
            panic!("{code}")
        };
        assert_eq!((status, seen), (Some(code), after.map(Duration::from_secs)));
        assert!(
            !reason.contains("SECRET") && !reason.contains("secret"),
            "{reason}"
        );
    }
}

#[tokio::test]
async fn no_answer_is_worth_another_try() {
    let receiver = receiver().await;
    let slow = deliver(json!({"url": format!("{}/slow", receiver.url)})).await;
    assert!(matches!(
        slow,
        Err(DeliveryError::Retry { status: None, .. })
    ));
    let closed = TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let refused = deliver(json!({"url": format!("http://{closed}/TOPSECRET")})).await;
    let Err(DeliveryError::Retry { reason, .. }) = refused else {
        panic!("{refused:?}")
    };
    assert!(!reason.contains("TOPSECRET"), "{reason}");
}

#[tokio::test]
async fn what_may_not_be_reached_is_final() {
    let transport = transport(OutboundPolicy::Public);
    let acme = InstanceRef {
        id: InstanceId::random(),
        name: InstanceName::new("acme").unwrap(),
    };
    let event = Event::logged(5, event(&acme, EventKind::Call, "1"));
    let envelope = EnvelopeStyle::default().encode(&event.event, None);
    for options in [
        json!({"url": "http://127.0.0.1:1/x"}),
        json!({"url": "ftp://h"}),
        json!({"url": ""}),
        json!({}),
    ] {
        let failed = transport
            .deliver(&event, &envelope, &subscription(options.clone()), 1)
            .await;
        assert!(
            matches!(failed, Err(DeliveryError::Permanent { .. })),
            "{options} {failed:?}"
        );
    }
}

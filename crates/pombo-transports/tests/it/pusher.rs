//! One attempt to deliver to Pusher.

use std::sync::Arc;
use std::time::Duration;

use pombo_domain::clock::SystemClock;
use pombo_domain::event::envelope::EnvelopeStyle;
use pombo_domain::event::{Event, EventKind};
use pombo_domain::id::InstanceId;
use pombo_domain::instance::{InstanceName, InstanceRef};
use pombo_domain::port::{Delivered, DeliveryError, EventTransport};
use pombo_domain::subscription::TransportKind;
use pombo_transports::pusher::{PusherConfig, PusherTransport};
use serde_json::{Value, json};

use crate::support::event;
use crate::support::script::{Scripted, client, subscription};

async fn deliver(server: &Scripted) -> Result<Delivered, DeliveryError> {
    let acme = InstanceRef {
        id: InstanceId::random(),
        name: InstanceName::new("acme").unwrap(),
    };
    let event = Event::logged(5, event(&acme, EventKind::MessagesUpsert, "{\"a\":1}"));
    let envelope = EnvelopeStyle::default().encode(&event.event, None);
    let config = PusherConfig {
        host: Some(server.host.clone()),
        ..PusherConfig::default()
    };
    let options = json!({"appId": "42", "key": "k", "secret": "s", "cluster": "mt1"});
    PusherTransport::new(config, client(), Arc::new(SystemClock))
        .deliver(
            &event,
            &envelope,
            &subscription(TransportKind::Pusher, options),
            1,
        )
        .await
}

#[tokio::test]
async fn one_signed_request() {
    let server = Scripted::start(&[]).await;
    assert_eq!(
        deliver(&server).await.unwrap(),
        Delivered { status: Some(200) }
    );
    let calls = server.calls();
    assert_eq!(calls.len(), 1);
    assert!(calls[0].path.starts_with("/apps/42/events?auth_key=k&"));
    assert_eq!(calls[0].headers["content-type"], "application/json");
    assert_eq!(calls[0].body["channels"], json!(["acme"]));
    let data: Value = serde_json::from_str(calls[0].body["data"].as_str().unwrap()).unwrap();
    assert_eq!(data["event"], "messages.upsert");
}

#[tokio::test]
async fn answers_and_what_they_mean() {
    for status in [400, 413] {
        let server = Scripted::start(&[(status, "no")]).await;
        let error = deliver(&server).await.unwrap_err();
        assert!(matches!(error, DeliveryError::Permanent { .. }), "{status}");
    }
    for status in [502, 503, 504] {
        let server = Scripted::start(&[(status, "gone")]).await;
        let error = deliver(&server).await.unwrap_err();
        assert!(
            matches!(error, DeliveryError::Unreachable { .. }),
            "{status}"
        );
    }
    for status in [401, 403, 404, 429, 500] {
        let server = Scripted::start(&[(status, "later")]).await;
        let error = deliver(&server).await.unwrap_err();
        assert!(matches!(error, DeliveryError::Retry { .. }), "{status}");
        assert!(error.to_string().contains("later"));
    }
}

#[tokio::test]
async fn nobody_there_is_waited_for() {
    let mut server = Scripted::start(&[]).await;
    server.host = "127.0.0.1:9".to_owned();
    let outcome = tokio::time::timeout(Duration::from_secs(20), deliver(&server)).await;
    assert!(matches!(
        outcome.unwrap().unwrap_err(),
        DeliveryError::Unreachable { .. }
    ));
}

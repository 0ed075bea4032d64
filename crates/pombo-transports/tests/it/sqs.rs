//! One attempt to deliver to SQS.

use std::sync::Arc;
use std::time::Duration;

use pombo_domain::clock::SystemClock;
use pombo_domain::event::envelope::EnvelopeStyle;
use pombo_domain::event::{Event, EventKind};
use pombo_domain::id::InstanceId;
use pombo_domain::instance::{InstanceName, InstanceRef};
use pombo_domain::port::{Delivered, DeliveryError, EventTransport};
use pombo_domain::subscription::TransportKind;
use pombo_transports::sqs::{GlobalQueues, SqsConfig, SqsTransport};
use serde_json::{Value, json};

use crate::support::event;
use crate::support::script::{Scripted, client, subscription};

const MISSING: &str = r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist"}"#;

fn config(server: &Scripted) -> SqsConfig {
    SqsConfig {
        access_key_id: "AKID".to_owned(),
        secret_access_key: "secret".into(),
        account_id: "123456789012".to_owned(),
        region: "sa-east-1".to_owned(),
        endpoint: Some(format!("http://{}", server.host)),
        max_payload: 1024,
        server_name: "evolution".to_owned(),
        global: None,
        timeout: Duration::from_secs(5),
    }
}

async fn deliver(
    config: SqsConfig,
    data: &str,
    options: Value,
) -> Result<Delivered, DeliveryError> {
    let acme = InstanceRef {
        id: InstanceId::random(),
        name: InstanceName::new("acme").unwrap(),
    };
    let event = Event::logged(5, event(&acme, EventKind::SendMessageUpdate, data));
    let envelope = EnvelopeStyle::default().encode(&event.event, None);
    SqsTransport::new(config, client(), Arc::new(SystemClock))
        .deliver(
            &event,
            &envelope,
            &subscription(TransportKind::Sqs, options),
            1,
        )
        .await
}

#[tokio::test]
async fn a_missing_queue_is_made() {
    let server = Scripted::start(&[(400, MISSING)]).await;
    deliver(config(&server), "{}", json!({})).await.unwrap();
    let calls = server.calls();
    let actions: Vec<_> = calls
        .iter()
        .map(|call| call.headers["x-amz-target"].to_str().unwrap())
        .collect();
    assert_eq!(
        actions,
        [
            "AmazonSQS.SendMessage",
            "AmazonSQS.CreateQueue",
            "AmazonSQS.SendMessage"
        ]
    );
    assert_eq!(
        calls[1].body,
        json!({"QueueName": "acme_send_message_update.fifo", "Attributes": {"FifoQueue": "true"}})
    );
    let sent = &calls[2].body;
    assert_eq!(
        sent["QueueUrl"],
        format!(
            "http://{}/123456789012/acme_send_message_update.fifo",
            server.host
        )
    );
    assert_eq!(sent["MessageGroupId"], "evolution");
    assert!(
        sent["MessageDeduplicationId"]
            .as_str()
            .unwrap()
            .starts_with("evt_")
    );
    let body: Value = serde_json::from_str(sent["MessageBody"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&body["dataType"], &body["server"]),
        (&json!("json"), &json!("evolution"))
    );
    let authorization = calls[0].headers["authorization"].to_str().unwrap();
    assert!(authorization.contains(
        "/sa-east-1/sqs/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target"
    ));
}

#[tokio::test]
async fn a_queue_that_stays_unknown_is_tried_again_later() {
    let server = Scripted::start(&[(400, MISSING), (200, "{}"), (400, MISSING)]).await;
    let error = deliver(config(&server), "{}", json!({})).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Retry { after: Some(_), .. }));
}

#[tokio::test]
async fn nobody_there_is_waited_for() {
    let mut config = config(&Scripted::start(&[]).await);
    config.endpoint = Some("http://127.0.0.1:9".to_owned());
    let error = deliver(config, "{}", json!({})).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Unreachable { .. }));
}

#[tokio::test]
async fn large_events_are_given_up_with_a_reason() {
    let server = Scripted::start(&[]).await;
    let large = json!("A".repeat(1024)).to_string();
    let error = deliver(config(&server), &large, json!({}))
        .await
        .unwrap_err();
    assert!(matches!(error, DeliveryError::Permanent { .. }));
    assert!(
        error
            .to_string()
            .contains("SQS_MAX_PAYLOAD_SIZE allows 1024"),
        "{error}"
    );
    assert!(server.calls().is_empty());
}

#[tokio::test]
async fn global_queues_replace_those_of_the_instances() {
    let server = Scripted::start(&[]).await;
    let mut config = config(&server);
    config.global = Some(GlobalQueues {
        prefix: "global".to_owned(),
        single: true,
    });
    deliver(config.clone(), "{}", json!({})).await.unwrap();
    assert!(server.calls().is_empty(), "not for the instance's own");
    deliver(config, "{}", json!({"global": true}))
        .await
        .unwrap();
    let sent = &server.calls()[0].body;
    assert!(
        sent["QueueUrl"]
            .as_str()
            .unwrap()
            .ends_with("/global_singlequeue.fifo")
    );
    assert_eq!(sent["MessageGroupId"], "evolution-send.message.update-acme");
}

//! SQS, against Moto and read with the AWS SDK.

use pombo_tests::Server;
use serde_json::{Value, json};

use crate::support::{Driver, Moto, NUMBER, free_address};

const ACCOUNT: &str = "123456789012";

fn settings<'a>(endpoint: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut settings = vec![
        ("SQS_ENABLED", "true"),
        ("SQS_ACCESS_KEY_ID", "AKID"),
        ("SQS_SECRET_ACCESS_KEY", "secret"),
        ("SQS_ACCOUNT_ID", ACCOUNT),
        ("SQS_REGION", "sa-east-1"),
        ("POMBO_SQS_ENDPOINT", endpoint),
        ("WEBHOOK_RETRY_INITIAL_DELAY_SECONDS", "1"),
        ("WEBHOOK_RETRY_USE_EXPONENTIAL_BACKOFF", "false"),
        ("WEBHOOK_RETRY_MAX_ATTEMPTS", "1000"),
    ];
    settings.extend(more);
    settings
}

fn reader(endpoint: &str, queue: &str) -> Option<Driver> {
    Driver::python(
        "sqs_reader.py",
        &json!({"endpoint": endpoint, "region": "sa-east-1", "queue": queue}),
    )
}

fn body(message: &Value) -> Value {
    serde_json::from_str(message["body"].as_str().expect("a text")).expect("JSON")
}

fn all() -> Value {
    json!({"sqs": {"enabled": true, "events": []}})
}

#[tokio::test]
async fn each_instance_and_event_has_a_queue_in_order() {
    let Some(moto) = Moto::start().await else {
        return;
    };
    let endpoint = format!("http://{}", moto.address);
    let server = Server::start(&settings(&endpoint, &[])).await;
    let client = server.client();
    client.create("acme", NUMBER, json!({})).await;
    client.post("/sqs/set/acme", &all()).await.expect(201);
    for id in ["m1", "m2", "m3"] {
        client.incoming(NUMBER, id, "hello").await.expect(200);
    }
    let Some(mut reader) = reader(&endpoint, "acme_messages_upsert.fifo") else {
        return;
    };
    for id in ["m1", "m2", "m3"] {
        let message = reader.kind("message").await;
        let envelope = body(&message);
        assert_eq!(envelope["data"]["key"]["id"], id);
        assert_eq!(
            (&envelope["dataType"], &envelope["server"]),
            (&json!("json"), &json!("evolution"))
        );
        let attributes = &message["attributes"];
        assert_eq!(attributes["MessageGroupId"], "evolution");
        assert!(
            attributes["MessageDeduplicationId"]
                .as_str()
                .expect("a text")
                .starts_with("evt_")
        );
    }
}

#[tokio::test]
async fn the_single_global_queue_replaces_those_of_the_instances() {
    let Some(moto) = Moto::start().await else {
        return;
    };
    let endpoint = format!("http://{}", moto.address);
    let global = [
        ("SQS_GLOBAL_ENABLED", "true"),
        ("SQS_GLOBAL_FORCE_SINGLE_QUEUE", "true"),
        ("SQS_GLOBAL_PREFIX_NAME", "wa"),
        ("SQS_GLOBAL_MESSAGES_UPSERT", "true"),
        ("SERVER_NAME", "pombo1"),
    ];
    let server = Server::start(&settings(&endpoint, &global)).await;
    let client = server.client();
    client.create("acme", NUMBER, json!({})).await;
    client.post("/sqs/set/acme", &all()).await.expect(201);
    client.incoming(NUMBER, "m1", "hello").await.expect(200);
    let Some(mut single) = reader(&endpoint, "wa_singlequeue.fifo") else {
        return;
    };
    let message = single.kind("message").await;
    assert_eq!(body(&message)["server"], "pombo1");
    assert_eq!(
        message["attributes"]["MessageGroupId"],
        "pombo1-messages.upsert-acme"
    );
}

#[tokio::test]
async fn an_event_that_is_too_large_is_listed_and_said_and_the_next_arrives() {
    let Some(moto) = Moto::start().await else {
        return;
    };
    let endpoint = format!("http://{}", moto.address);
    let more = [
        ("SQS_MAX_PAYLOAD_SIZE", "2000"),
        ("PROMETHEUS_METRICS", "true"),
    ];
    let server = Server::start(&settings(&endpoint, &more)).await;
    let client = server.client();
    client.create("acme", NUMBER, json!({})).await;
    let upserts = json!({"sqs": {"enabled": true, "events": ["MESSAGES_UPSERT"]}});
    client.post("/sqs/set/acme", &upserts).await.expect(201);
    let long = "é".repeat(1000);
    client.incoming(NUMBER, "large", &long).await.expect(200);
    client.incoming(NUMBER, "small", "hello").await.expect(200);
    let Some(mut reader) = reader(&endpoint, "acme_messages_upsert.fifo") else {
        return;
    };
    let first = body(&reader.kind("message").await);
    assert_eq!(first["data"]["key"]["id"], "small");

    let dead = client
        .get("/sqs/deliveries/acme?state=dead")
        .await
        .expect(200)
        .json();
    assert_eq!(dead.as_array().map(Vec::len), Some(1), "{dead}");
    let error = dead[0]["error"].as_str().expect("a text");
    assert!(
        error.contains("bytes, and SQS_MAX_PAYLOAD_SIZE allows 2000"),
        "{error}"
    );
    assert_eq!(dead[0]["event"], "messages.upsert");
    let metrics = client.get("/metrics").await.expect(200).text;
    assert!(
        metrics.contains("pombo_deliveries_dead_total{sink=\"sqs\"} 1"),
        "{metrics}"
    );
    let log = server.log();
    assert!(log.contains("SQS_MAX_PAYLOAD_SIZE allows 2000"), "{log}");
    assert!(!log.contains("éé"), "no text of a message is logged");
}

#[tokio::test]
async fn what_happened_while_sqs_was_away_arrives_later() {
    let address = free_address();
    let endpoint = format!("http://{address}");
    let mut server = Server::start(&settings(&endpoint, &[])).await;
    let client = server.client();
    client.create("acme", NUMBER, json!({})).await;
    client.post("/sqs/set/acme", &all()).await.expect(201);
    client.incoming(NUMBER, "m1", "hello").await.expect(200);
    server.kill().await;
    server.start_again().await;
    let Some(moto) = Moto::start_at(address).await else {
        return;
    };
    let Some(mut reader) = reader(&endpoint, "acme_messages_upsert.fifo") else {
        return;
    };
    assert_eq!(
        body(&reader.kind("message").await)["data"]["key"]["id"],
        "m1"
    );
    drop(moto);
}

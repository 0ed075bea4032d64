//! Kafka, against Tansu (a broker that speaks its protocol) and read with librdkafka.

use std::net::SocketAddr;

use pombo_tests::{Server, until};
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::support::{Driver, NUMBER, free_address};

/// A broker; `None`, said loudly, when it is not installed.
async fn broker(address: SocketAddr) -> Option<Driver> {
    let broker = Driver::python("kafka_broker.py", &json!({"port": address.port()}))?;
    until("the broker to listen", || async {
        TcpStream::connect(address).await.ok()
    })
    .await;
    Some(broker)
}

fn settings<'a>(brokers: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut settings = vec![
        ("KAFKA_ENABLED", "true"),
        ("KAFKA_BROKERS", brokers),
        ("KAFKA_AUTO_CREATE_TOPICS", "true"),
        ("KAFKA_REQUEST_TIMEOUT", "5000"),
        ("WEBHOOK_RETRY_INITIAL_DELAY_SECONDS", "1"),
        ("WEBHOOK_RETRY_USE_EXPONENTIAL_BACKOFF", "false"),
        ("WEBHOOK_RETRY_MAX_ATTEMPTS", "1000"),
    ];
    settings.extend(more);
    settings
}

fn reader(brokers: &str, topic: &str) -> Option<Driver> {
    Driver::python(
        "kafka_reader.py",
        &json!({"brokers": brokers, "topics": [topic]}),
    )
}

fn all() -> Value {
    json!({"kafka": {"enabled": true, "events": []}})
}

fn envelope(record: &Value) -> Value {
    serde_json::from_str(record["value"].as_str().expect("a text")).expect("JSON")
}

#[tokio::test]
async fn each_instance_and_event_has_a_topic_in_order() {
    let address = free_address();
    let Some(_broker) = broker(address).await else {
        return;
    };
    let brokers = address.to_string();
    let server = Server::start(&settings(&brokers, &[("KAFKA_NUM_PARTITIONS", "3")])).await;
    let client = server.client();
    client.create("acme", NUMBER, json!({})).await;
    client.post("/kafka/set/acme", &all()).await.expect(201);
    for id in ["m1", "m2", "m3"] {
        client.incoming(NUMBER, id, "hello").await.expect(200);
    }
    let Some(mut reader) = reader(&brokers, "evolution.acme.messages.upsert") else {
        return;
    };
    for id in ["m1", "m2", "m3"] {
        let record = reader.kind("record").await;
        let envelope = envelope(&record);
        assert_eq!(envelope["data"]["key"]["id"], id);
        assert!(envelope["timestamp"].is_i64());
        assert_eq!(record["key"], "acme");
        let headers = &record["headers"];
        assert_eq!(
            (
                &headers["event"],
                &headers["instance"],
                &headers["origin"],
                &headers["timestamp"]
            ),
            (
                &json!("messages.upsert"),
                &json!("acme"),
                &json!("ChannelStartupService"),
                &envelope["date_time"]
            )
        );
        assert!(headers["id"].as_str().expect("a text").starts_with("evt_"));
    }
}

#[tokio::test]
async fn global_topics_take_everybodys_chosen_events() {
    let address = free_address();
    let Some(_broker) = broker(address).await else {
        return;
    };
    let brokers = address.to_string();
    let global = [
        ("KAFKA_GLOBAL_ENABLED", "true"),
        ("KAFKA_EVENTS_MESSAGES_UPSERT", "true"),
        ("KAFKA_TOPIC_PREFIX", "wa"),
    ];
    let server = Server::start(&settings(&brokers, &global)).await;
    let client = server.client();
    client.create("acme", NUMBER, json!({})).await;
    client.incoming(NUMBER, "m1", "hello").await.expect(200);
    let Some(mut reader) = reader(&brokers, "wa.global.messages.upsert") else {
        return;
    };
    let record = reader.kind("record").await;
    assert_eq!(record["key"], "acme-messages.upsert");
    assert_eq!(envelope(&record)["data"]["key"]["id"], "m1");
}

#[tokio::test]
async fn what_happened_while_the_broker_was_away_arrives_later() {
    let address = free_address();
    let brokers = address.to_string();
    let mut server = Server::start(&settings(&brokers, &[])).await;
    let client = server.client();
    client.create("acme", NUMBER, json!({})).await;
    client.post("/kafka/set/acme", &all()).await.expect(201);
    client.incoming(NUMBER, "m1", "hello").await.expect(200);
    server.kill().await;
    server.start_again().await;
    let Some(first) = broker(address).await else {
        return;
    };
    let topic = "evolution.acme.messages.upsert";
    let Some(mut before) = reader(&brokers, topic) else {
        return;
    };
    assert_eq!(
        envelope(&before.kind("record").await)["data"]["key"]["id"],
        "m1"
    );
    drop((first, before));

    // Its memory is gone, topics and all; the connection too.
    until("the first broker to end", || async {
        TcpStream::connect(address).await.is_err().then_some(())
    })
    .await;
    client.incoming(NUMBER, "m2", "hello").await.expect(200);
    let Some(_second) = broker(address).await else {
        return;
    };
    let Some(mut after) = reader(&brokers, topic) else {
        return;
    };
    assert_eq!(
        envelope(&after.kind("record").await)["data"]["key"]["id"],
        "m2"
    );
}

#[tokio::test]
async fn settings_that_the_client_cannot_keep_stop_the_start() {
    let refused = [
        ("KAFKA_ENABLED", "true"),
        ("KAFKA_SSL_ENABLED", "true"),
        ("KAFKA_SSL_REJECT_UNAUTHORIZED", "false"),
    ];
    let (_, log) = Server::refused(&refused).await;
    assert!(log.contains("KAFKA_SSL_CA"), "{log}");
}

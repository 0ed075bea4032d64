//! Brokers behind TLS: RabbitMQ and Mosquitto with OpenSSL in front of them, and a NATS server that takes nothing else. The
//! authority is one of the system's, as far as the program can see (`SSL_CERT_FILE`).

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use pombo_tests::{Client, Server, until};
use serde_json::json;

use crate::support::authority::{Authority, Pair};
use crate::support::broker::{post, reachable, unique};
use crate::support::{Driver, NUMBER, free_address, skip};

/// What the transport's settings are called.
struct Transport {
    name: &'static str,
    enabled: &'static str,
    address: &'static str,
}

const RABBITMQ: Transport = Transport {
    name: "rabbitmq",
    enabled: "RABBITMQ_ENABLED",
    address: "RABBITMQ_URI",
};
const MQTT: Transport = Transport {
    name: "mqtt",
    enabled: "POMBO_MQTT_ENABLED",
    address: "POMBO_MQTT_URL",
};
const NATS: Transport = Transport {
    name: "nats",
    enabled: "NATS_ENABLED",
    address: "NATS_URI",
};

async fn door(to: u16, of: &Pair) -> Option<(Driver, SocketAddr)> {
    let address = free_address();
    let job =
        json!({"port": address.port(), "to": to, "certificate": of.certificate, "key": of.key});
    let mut door = Driver::python("tls_door.py", &job)?;
    door.kind("open").await;
    Some((door, address))
}

/// A server that trusts this authority only, and an instance whose events go over the transport.
async fn trusting(
    authority: &Authority,
    transport: &Transport,
    uri: &str,
) -> (Server, Client, String) {
    let trusted = authority.certificate();
    let server = Server::start(&[
        (transport.enabled, "true"),
        (transport.address, uri),
        ("SSL_CERT_FILE", trusted.to_str().expect("an ordinary path")),
        ("RABBITMQ_FRAME_MAX", "4096"),
        ("PROMETHEUS_METRICS", "true"),
        ("WEBHOOK_RETRY_INITIAL_DELAY_SECONDS", "1"),
        ("WEBHOOK_RETRY_USE_EXPONENTIAL_BACKOFF", "false"),
        ("WEBHOOK_RETRY_MAX_ATTEMPTS", "1000"),
    ])
    .await;
    let (client, instance) = (server.client(), unique("tls"));
    let own = json!({transport.name: {"enabled": true, "events": ["MESSAGES_UPSERT"]}});
    client.create(&instance, NUMBER, own).await;
    (server, client, instance)
}

async fn delivered(client: &Client, transport: &Transport, count: usize) {
    let wanted = format!(
        "pombo_deliveries_total{{sink=\"{}\"}} {count}",
        transport.name
    );
    until(&wanted, || async {
        let metrics = client.get("/metrics").await.expect(200).text;
        metrics.lines().any(|line| line == wanted).then_some(())
    })
    .await;
}

/// Three messages and one of many frames arrive, as the broker confirms, by TLS.
async fn arrives(authority: &Authority, transport: &Transport, uri: &str) {
    let (_server, client, instance) = trusting(authority, transport, uri).await;
    post(&client, 0..3).await;
    let long = "A".repeat(100_000);
    client.incoming(NUMBER, "long", &long).await.expect(200);
    delivered(&client, transport, 4).await;
    // Takes its queues along.
    client
        .delete(&format!("/instance/delete/{instance}"))
        .await
        .expect(200);
}

/// Nothing is sent to a broker that cannot show who it is.
async fn waits(authority: &Authority, transport: &Transport, uri: &str) {
    let (_server, client, instance) = trusting(authority, transport, uri).await;
    post(&client, 0..1).await;
    until("events to wait", || async {
        let path = format!("/{}/find/{instance}", transport.name);
        let found = client.get(&path).await.expect(200).json();
        found["unreachable"].is_string().then_some(())
    })
    .await;
    let metrics = client.get("/metrics").await.expect(200).text;
    let none = format!("pombo_deliveries_total{{sink=\"{}\"}} 0", transport.name);
    assert!(metrics.lines().any(|line| line == none), "{metrics}");
}

async fn through_a_door(name: &str, port: u16, transport: &Transport, scheme: &str) {
    let (Some(authority), Some(other)) = (Authority::make(), Authority::make()) else {
        return;
    };
    if !reachable(name, port) {
        return;
    }
    let Some((mut open, address)) = door(port, &authority.issue("broker")).await else {
        return;
    };
    let uri = format!("{scheme}{address}");
    arrives(&authority, transport, &uri).await;
    let version = open.kind("guest").await["version"].clone();
    assert_eq!(version, "TLSv1.3");
    waits(&other, transport, &uri).await;
}

#[tokio::test]
async fn rabbitmq_over_tls() {
    through_a_door("RabbitMQ", 5672, &RABBITMQ, "amqps://guest:guest@").await;
}

#[tokio::test]
async fn mqtt_over_tls() {
    through_a_door("Mosquitto", 1883, &MQTT, "mqtts://").await;
}

/// Ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[tokio::test]
async fn nats_over_tls() {
    let (Some(authority), Some(other)) = (Authority::make(), Authority::make()) else {
        return;
    };
    let (address, pair) = (free_address(), authority.issue("broker"));
    let started = Command::new("nats-server")
        .args([
            "-a",
            "127.0.0.1",
            "-p",
            &address.port().to_string(),
            "--tls",
        ])
        .arg("--tlscert")
        .arg(&pair.certificate)
        .arg("--tlskey")
        .arg(&pair.key)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(started) = started else {
        return skip("nats-server");
    };
    let _running = Running(started);
    until("the NATS server", || async {
        tokio::net::TcpStream::connect(address).await.ok()
    })
    .await;
    let uri = format!("tls://{address}");
    arrives(&authority, &NATS, &uri).await;
    waits(&other, &NATS, &uri).await;
}

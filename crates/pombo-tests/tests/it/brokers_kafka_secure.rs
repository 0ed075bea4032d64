//! Kafka behind TLS and a log-in. The broker (Tansu) offers neither, so a door stands in front of it, with OpenSSL's TLS and an
//! independent SCRAM; that the door behaves as Kafka does is shown by librdkafka, which reads through the same door.

use std::net::SocketAddr;
use std::path::Path;

use pombo_tests::{Client, Server, until};
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::support::authority::{Authority, Pair};
use crate::support::{Driver, NUMBER, free_address};

const USER: &str = "alice";
const PASSWORD: &str = "pa ss,=wörd";
const TOPIC: &str = "evolution.acme.messages.upsert";

/// A broker, and the address of the door that leads to it.
struct House {
    door: SocketAddr,
    broker: u16,
    _broker: Driver,
}

impl House {
    /// `None`, said loudly, when a part is not installed.
    async fn build() -> Option<Self> {
        let (door, broker) = (free_address(), free_address());
        let job = json!({"port": broker.port(), "advertised": door.port()});
        let running = Driver::python("kafka_broker.py", &job)?;
        until("the broker to listen", || async {
            TcpStream::connect(broker).await.ok()
        })
        .await;
        Some(Self {
            door,
            broker: broker.port(),
            _broker: running,
        })
    }

    async fn door(&self, more: Value) -> Driver {
        let mut job = json!({"port": self.door.port(), "to": self.broker});
        for (name, value) in more.as_object().into_iter().flatten() {
            job[name] = value.clone();
        }
        let mut door = Driver::python("kafka_door.py", &job).expect("Python is there by now");
        door.kind("open").await;
        door
    }

    /// With an instance whose events go to Kafka.
    async fn server(&self, more: &[(&str, &str)]) -> (Server, Client) {
        let brokers = self.door.to_string();
        let mut settings = vec![
            ("KAFKA_ENABLED", "true"),
            ("KAFKA_BROKERS", brokers.as_str()),
            ("KAFKA_AUTO_CREATE_TOPICS", "true"),
            ("KAFKA_REQUEST_TIMEOUT", "3000"),
            ("WEBHOOK_RETRY_INITIAL_DELAY_SECONDS", "1"),
            ("WEBHOOK_RETRY_USE_EXPONENTIAL_BACKOFF", "false"),
            ("WEBHOOK_RETRY_MAX_ATTEMPTS", "1000"),
        ];
        settings.extend(more);
        let server = Server::start(&settings).await;
        let client = server.client();
        client.create("acme", NUMBER, json!({})).await;
        let upserts = json!({"kafka": {"enabled": true, "events": ["MESSAGES_UPSERT"]}});
        client.post("/kafka/set/acme", &upserts).await.expect(201);
        (server, client)
    }

    /// The first record that librdkafka reads through the door.
    async fn first_record(&self, settings: Value) -> Value {
        let job =
            json!({"brokers": self.door.to_string(), "topics": [TOPIC], "settings": settings});
        let mut reader = Driver::python("kafka_reader.py", &job).expect("Python is there by now");
        let record = reader.kind("record").await;
        serde_json::from_str(record["value"].as_str().expect("a text")).expect("JSON")
    }
}

fn tls(of: &Pair) -> Value {
    json!({"certificate": of.certificate, "key": of.key})
}

fn text(path: &Path) -> &str {
    path.to_str().expect("an ordinary path")
}

/// What is said of events that wait.
async fn why_it_waits(client: &Client, reason: &str) -> String {
    until(reason, || async {
        let found = client.get("/kafka/find/acme").await.expect(200);
        let error = found.json()["unreachable"].as_str()?.to_owned();
        error.contains(reason).then_some(error)
    })
    .await
}

async fn logs_in_by(mechanism: &str) {
    let (Some(authority), Some(house)) = (Authority::make(), House::build().await) else {
        return;
    };
    let name = mechanism.to_uppercase();
    let mut door = house
        .door(json!({"tls": tls(&authority.issue("broker")), "mechanisms": [name], "user": USER, "password": PASSWORD}))
        .await;
    let trusted = authority.in_line();
    let (_server, client) = house
        .server(&[
            ("KAFKA_SSL_ENABLED", "true"),
            ("KAFKA_SSL_CA", &trusted),
            ("KAFKA_SASL_ENABLED", "true"),
            ("KAFKA_SASL_MECHANISM", mechanism),
            ("KAFKA_SASL_USERNAME", USER),
            ("KAFKA_SASL_PASSWORD", PASSWORD),
        ])
        .await;
    client.incoming(NUMBER, "m1", "hello").await.expect(200);
    assert_eq!(door.kind("login").await["mechanism"], name);
    let envelope = house
        .first_record(json!({
            "security.protocol": "SASL_SSL", "ssl.ca.location": authority.certificate(), "sasl.mechanism": name,
            "sasl.username": USER, "sasl.password": PASSWORD,
        }))
        .await;
    assert_eq!(envelope["data"]["key"]["id"], "m1");
    let refused = door.all().iter().any(|line| line["type"] == "refused");
    assert!(!refused, "{:?}", door.all());
}

#[tokio::test]
async fn plain_over_tls() {
    logs_in_by("plain").await;
}

#[tokio::test]
async fn scram_sha_256_over_tls() {
    logs_in_by("scram-sha-256").await;
}

#[tokio::test]
async fn scram_sha_512_over_tls() {
    logs_in_by("scram-sha-512").await;
}

#[tokio::test]
async fn a_wrong_password_lets_events_wait_until_it_is_right() {
    let Some(house) = House::build().await else {
        return;
    };
    let login = |password: &str| json!({"mechanisms": ["SCRAM-SHA-256"], "user": USER, "password": password});
    let mut door = house.door(login("another")).await;
    let (_server, client) = house
        .server(&[
            ("KAFKA_SASL_ENABLED", "true"),
            ("KAFKA_SASL_MECHANISM", "scram-sha-256"),
            ("KAFKA_SASL_USERNAME", USER),
            ("KAFKA_SASL_PASSWORD", PASSWORD),
        ])
        .await;
    client.incoming(NUMBER, "m1", "hello").await.expect(200);
    door.kind("refused").await;
    let error = why_it_waits(&client, "Kafka").await;
    assert!(!error.contains(PASSWORD), "{error}");
    let logged_in = door.all().iter().any(|line| line["type"] == "login");
    assert!(!logged_in, "{:?}", door.all());
    drop(door);
    until("the first door to be gone", || async {
        TcpStream::connect(house.door).await.is_err().then_some(())
    })
    .await;

    let _door = house.door(login(PASSWORD)).await;
    let envelope = house
        .first_record(json!({
            "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "SCRAM-SHA-256", "sasl.username": USER,
            "sasl.password": PASSWORD,
        }))
        .await;
    assert_eq!(envelope["data"]["key"]["id"], "m1");
}

#[tokio::test]
async fn a_client_certificate_opens_the_door() {
    let (Some(authority), Some(house)) = (Authority::make(), House::build().await) else {
        return;
    };
    let mut door_tls = tls(&authority.issue("broker"));
    door_tls["clients"] = json!(authority.certificate());
    let mut door = house.door(json!({"tls": door_tls})).await;
    let (trusted, own) = (authority.in_line(), authority.issue("pombo"));
    let (certificate, key) = own.in_lines();
    let (_server, client) = house
        .server(&[
            ("KAFKA_SSL_ENABLED", "true"),
            ("KAFKA_SSL_CA", &trusted),
            ("KAFKA_SSL_CERT", &certificate),
            ("KAFKA_SSL_KEY", &key),
        ])
        .await;
    client.incoming(NUMBER, "m1", "hello").await.expect(200);
    assert_eq!(door.kind("certificate").await["subject"], "pombo");
    let envelope = house
        .first_record(json!({
            "security.protocol": "SSL", "ssl.ca.location": authority.certificate(),
            "ssl.certificate.location": text(&own.certificate), "ssl.key.location": text(&own.key),
        }))
        .await;
    assert_eq!(envelope["data"]["key"]["id"], "m1");
}

#[tokio::test]
async fn a_broker_of_another_authority_gets_nothing() {
    let (Some(authority), Some(other), Some(house)) =
        (Authority::make(), Authority::make(), House::build().await)
    else {
        return;
    };
    let door = house
        .door(json!({"tls": tls(&other.issue("broker")), "mechanisms": ["PLAIN"], "user": USER, "password": PASSWORD}))
        .await;
    let trusted = authority.in_line();
    let (_server, client) = house
        .server(&[
            ("KAFKA_SSL_ENABLED", "true"),
            ("KAFKA_SSL_CA", &trusted),
            ("KAFKA_SASL_ENABLED", "true"),
            ("KAFKA_SASL_USERNAME", USER),
            ("KAFKA_SASL_PASSWORD", PASSWORD),
        ])
        .await;
    client.incoming(NUMBER, "m1", "hello").await.expect(200);
    why_it_waits(&client, "Kafka").await;
    // Not even the password.
    let seen = door
        .all()
        .iter()
        .any(|line| line["type"] == "login" || line["type"] == "refused");
    assert!(!seen, "{:?}", door.all());
}

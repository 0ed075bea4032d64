//! The server under test, and the steps of the recording that are not in the file.

use pombo_simulator::Simulator;
use pombo_tests::{Answer, Catcher, Client, Server};
use reqwest::Method;
use serde_json::{Value, json};

use super::compare::Comparison;
use super::recording::Exchange;

/// The key that the recording was made with.
const KEY: &str = "oraclekey";
/// Where the recording's webhooks, media and vendors were; here they all lead to one catcher.
const RECORDED_HOSTS: [&str; 3] = ["127.0.0.1:18097", "127.0.0.1:18098", "127.0.0.1:18099"];

const SETTINGS: [(&str, &str); 9] = [
    ("AUTHENTICATION_API_KEY", KEY),
    ("SERVER_URL", "http://127.0.0.1:18080"),
    ("DATABASE_CONNECTION_CLIENT_NAME", "evolution_exchange"),
    ("WEBSOCKET_ENABLED", "true"),
    ("CORS_CREDENTIALS", "true"),
    ("PROMETHEUS_METRICS", "true"),
    ("METRICS_AUTH_REQUIRED", "true"),
    ("METRICS_USER", "prom"),
    ("METRICS_PASSWORD", "prompass"),
];

const BROKERS: [(&str, &str); 14] = [
    ("RABBITMQ_ENABLED", "true"),
    ("RABBITMQ_URI", "amqp://127.0.0.1:9"),
    ("NATS_ENABLED", "true"),
    ("NATS_URI", "nats://127.0.0.1:9"),
    ("SQS_ENABLED", "true"),
    ("SQS_ACCESS_KEY_ID", "golden"),
    ("SQS_SECRET_ACCESS_KEY", "golden"),
    ("SQS_ACCOUNT_ID", "000000000000"),
    ("POMBO_SQS_ENDPOINT", "http://127.0.0.1:9"),
    ("POMBO_PUSHER_HOST", "127.0.0.1:9"),
    ("KAFKA_ENABLED", "true"),
    ("KAFKA_BROKERS", "127.0.0.1:9"),
    ("PUSHER_ENABLED", "true"),
    ("SQS_REGION", "eu-west-1"),
];

pub(super) struct Stage {
    /// A network that no phone links to: the recording's could not reach one.
    simulator: Simulator,
    server: Server,
    client: Client,
    catcher: Catcher,
    brokers: bool,
}

impl Stage {
    pub(super) async fn start() -> Self {
        let simulator = Simulator::start().await.expect("a network");
        let server = Server::start(&settings(&simulator.url(), false)).await;
        let client = Client::new(server.url(), KEY);
        Self {
            simulator,
            server,
            client,
            catcher: Catcher::start().await,
            brokers: false,
        }
    }

    /// Does what the recording did before this exchange.
    pub(super) async fn prepare(&mut self, exchange: &Exchange) {
        let brokers = exchange.name.starts_with("enabled-");
        if brokers != self.brokers {
            self.brokers = brokers;
            self.server.terminate().await;
            let url = self.simulator.url();
            self.server.start_again_with(&settings(&url, brokers)).await;
        }
        let baileys = async |name: &str| {
            let body = json!({"instanceName": name, "integration": "WHATSAPP-BAILEYS"});
            self.client
                .post("/instance/create", &body)
                .await
                .expect(201);
        };
        match exchange.name.as_str() {
            "sendText-evolution" => {
                for instance in ["ora-evo", "ora-biz"] {
                    let body = json!({"webhook": {"enabled": true, "url": self.catcher.url("/hook"), "events": []}});
                    self.client
                        .post(&format!("/webhook/set/{instance}"), &body)
                        .await
                        .expect(201);
                }
            }
            "sendText-baileys-notconnected" => baileys("ora-ba2").await,
            name if name.ends_with("CRASH") => baileys("ora-crash").await,
            _ => {}
        }
    }

    /// Sends the recorded request with our own ids and addresses in it; theirs are put back into the answer.
    pub(super) async fn send(&self, exchange: &Exchange, comparison: &Comparison) -> Answer {
        let request = &exchange.request;
        let ours = |text: &str| self.our_hosts(&comparison.our_ids(text));
        let method = Method::from_bytes(request.method.as_bytes()).expect("a method");
        let mut sending = self
            .client
            .without_key()
            .request(method, &ours(&request.path));
        let multipart = request.body == "[binary]";
        for (name, value) in &request.headers {
            if !(multipart && name == "content-type") {
                sending = sending.header(name, ours(value));
            }
        }
        sending = match &request.body {
            Value::Null => sending,
            _ if multipart => sending.multipart(form()),
            Value::String(text) => sending.body(ours(text)),
            other => sending.body(ours(&other.to_string())),
        };
        let mut answer = self.client.send(sending).await;
        answer.text = self.their_hosts(&answer.text);
        answer
    }

    fn our_host(&self) -> String {
        self.catcher
            .url("")
            .trim_start_matches("http://")
            .to_owned()
    }

    fn our_hosts(&self, text: &str) -> String {
        RECORDED_HOSTS.iter().fold(text.to_owned(), |text, host| {
            text.replace(host, &self.our_host())
        })
    }

    fn their_hosts(&self, text: &str) -> String {
        text.replace(&self.our_host(), RECORDED_HOSTS[1])
    }
}

fn settings(network: &str, brokers: bool) -> Vec<(&str, &str)> {
    let brokers = if brokers { &BROKERS[..] } else { &[] };
    let network = [("POMBO_SIMULATOR_URL", network)];
    let settings = SETTINGS.iter().chain(brokers).copied();
    settings.chain(network).collect()
}

/// The form of the recording: a picture for a number.
fn form() -> reqwest::multipart::Form {
    let png = b"\x89PNG\r\n\x1a\n".to_vec();
    let file = reqwest::multipart::Part::bytes(png)
        .file_name("a.png")
        .mime_str("image/png")
        .expect("a type");
    reqwest::multipart::Form::new()
        .text("number", "5511988887777")
        .text("mediatype", "image")
        .part("file", file)
}

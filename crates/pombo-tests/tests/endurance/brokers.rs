//! Brokers of our own, which may be killed and restarted, and what arrived at each.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use async_nats::jetstream;
use futures_util::StreamExt as _;
use pombo_tests::{parts, until};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// How long a broker may take to answer before it is asked anew.
const ANSWER: Duration = Duration::from_secs(3);
/// How long nothing may come while something is missing.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a broker has of one line, in its order.
#[derive(Debug, Clone)]
pub(crate) struct Arrived {
    /// The event's id.
    pub(crate) event: String,
    /// The message's id.
    pub(crate) key: String,
}

impl Arrived {
    fn new(event: &str, body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body).expect("the body is JSON");
        let key = body["data"]["key"]["id"].as_str().expect("a message id");
        Self {
            event: event.to_owned(),
            key: key.to_owned(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    RabbitMq,
    Nats,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::RabbitMq, Self::Nats];

    /// As in `/instance/create`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::RabbitMq => "rabbitmq",
            Self::Nats => "nats",
        }
    }

    const fn program(self) -> &'static str {
        match self {
            // Not the one of the distribution, which changes the user.
            Self::RabbitMq => "/usr/lib/rabbitmq/bin/rabbitmq-server",
            Self::Nats => "nats-server",
        }
    }
}

/// A broker with a folder and a port of its own.
pub(crate) struct Broker {
    pub(crate) kind: Kind,
    port: u16,
    folder: TempDir,
    running: Option<Child>,
}

impl Broker {
    /// `None`: the machine does not have it, which was said.
    pub(crate) async fn start(kind: Kind, port: u16) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let mut broker = Self {
            kind,
            port,
            folder,
            running: None,
        };
        if let Err(error) = broker.spawn() {
            parts::skip(
                &format!("the soak over {}", kind.name()),
                &error.to_string(),
            );
            return None;
        }
        broker.until_up().await;
        Some(broker)
    }

    /// What Pombo must know.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        let port = self.port;
        let yes = || "true".to_owned();
        match self.kind {
            Kind::RabbitMq => vec![
                ("RABBITMQ_ENABLED", yes()),
                (
                    "RABBITMQ_URI",
                    format!("amqp://guest:guest@127.0.0.1:{port}"),
                ),
            ],
            Kind::Nats => vec![
                ("NATS_ENABLED", yes()),
                ("NATS_URI", format!("nats://127.0.0.1:{port}")),
                ("POMBO_NATS_JETSTREAM", yes()),
            ],
        }
    }

    /// Makes it keep what comes for a line, where Pombo does not see to that itself.
    pub(crate) async fn keep(&self, line: &str) {
        if self.kind == Kind::Nats {
            let config = jetstream::stream::Config {
                name: line.to_owned(),
                subjects: vec![format!("{line}.>")],
                ..Default::default()
            };
            let stream = self.jetstream().await.create_stream(config).await;
            stream.expect("a stream");
        }
    }

    /// It dies, and is there again when this returns.
    pub(crate) async fn restart(&mut self) {
        self.kill().await;
        self.spawn().expect("it was started before");
        self.until_up().await;
    }

    fn spawn(&mut self) -> std::io::Result<()> {
        let folder = self.folder.path();
        let mut command = Command::new(self.kind.program());
        match self.kind {
            Kind::RabbitMq => {
                rabbitmq(&mut command, self.port, folder);
            }
            Kind::Nats => {
                command.args(["-a", "127.0.0.1", "-js", "-p", &self.port.to_string()]);
                command.arg("-sd").arg(folder);
            }
        }
        // A group of its own: RabbitMQ is a script with a server below it.
        command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.running = Some(command.spawn()?);
        Ok(())
    }

    async fn kill(&mut self) {
        if let Some(mut child) = self.running.take() {
            kill_group(&child);
            child.wait().await.ok();
        }
    }

    async fn until_up(&self) {
        until(&format!("{} to be up", self.kind.name()), || async {
            // One that is just coming up may accept a connection and never answer on it.
            let answers = tokio::time::timeout(ANSWER, self.answers());
            answers.await.unwrap_or(false).then_some(())
        })
        .await;
    }

    async fn answers(&self) -> bool {
        match self.kind {
            Kind::RabbitMq => self.amqp().await.is_some(),
            Kind::Nats => async_nats::connect(format!("127.0.0.1:{}", self.port))
                .await
                .is_ok(),
        }
    }

    async fn amqp(&self) -> Option<lapin::Connection> {
        let uri = format!("amqp://guest:guest@127.0.0.1:{}", self.port);
        let properties = lapin::ConnectionProperties::default();
        lapin::Connection::connect(&uri, properties).await.ok()
    }

    async fn jetstream(&self) -> jetstream::Context {
        let client = async_nats::connect(format!("127.0.0.1:{}", self.port)).await;
        jetstream::new(client.expect("NATS"))
    }

    /// Everything that was kept for a line, once `complete` says that it is all.
    pub(crate) async fn read(
        &self,
        line: &str,
        complete: impl Fn(&BTreeSet<String>) -> bool,
    ) -> Vec<Arrived> {
        let mut arrived = Vec::new();
        let mut keys = BTreeSet::new();
        let mut queue = Queue::open(self, line).await;
        while !complete(&keys) {
            let next = tokio::time::timeout(PATIENCE, queue.next()).await;
            let Ok(next) = next else {
                panic!(
                    "{}: nothing more comes for {line}, after {} messages",
                    self.kind.name(),
                    arrived.len()
                );
            };
            keys.insert(next.key.clone());
            arrived.push(next);
        }
        arrived
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(child) = &self.running {
            kill_group(child);
        }
    }
}

/// Where a line's messages are read from.
enum Queue {
    RabbitMq {
        _connection: lapin::Connection,
        consumer: lapin::Consumer,
    },
    Nats(Box<jetstream::consumer::pull::Stream>),
}

impl Queue {
    async fn open(broker: &Broker, line: &str) -> Self {
        match broker.kind {
            Kind::RabbitMq => {
                let connection = broker.amqp().await.expect("RabbitMQ");
                let channel = connection.create_channel().await.expect("a channel");
                let consumer = channel
                    .basic_consume(
                        format!("{line}.messages.upsert").into(),
                        "soak".into(),
                        lapin::options::BasicConsumeOptions::default(),
                        lapin::types::FieldTable::default(),
                    )
                    .await
                    .expect("a consumer");
                Self::RabbitMq {
                    _connection: connection,
                    consumer,
                }
            }
            Kind::Nats => {
                let stream = broker.jetstream().await.get_stream(line).await;
                let consumer = stream
                    .expect("the stream")
                    .create_consumer(jetstream::consumer::pull::Config::default())
                    .await
                    .expect("a consumer");
                Self::Nats(Box::new(consumer.messages().await.expect("messages")))
            }
        }
    }

    async fn next(&mut self) -> Arrived {
        match self {
            Self::RabbitMq { consumer, .. } => {
                let message = consumer.next().await.expect("open").expect("a message");
                let id = message.properties.message_id().as_ref().expect("an id");
                let arrived = Arrived::new(id.as_str(), &message.data);
                let options = lapin::options::BasicAckOptions::default();
                message.ack(options).await.expect("acknowledged");
                arrived
            }
            Self::Nats(messages) => {
                let message = messages.next().await.expect("open").expect("a message");
                let headers = message.headers.as_ref().expect("headers");
                let id = headers.get("Nats-Msg-Id").expect("an id");
                let arrived = Arrived::new(id.as_str(), &message.payload);
                message.ack().await.expect("acknowledged");
                arrived
            }
        }
    }
}

/// A node that knows nothing of the machine's own.
fn rabbitmq(command: &mut Command, port: u16, folder: &Path) {
    command
        .env("HOME", folder)
        .env("RABBITMQ_NODENAME", format!("soak{port}@localhost"))
        .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
        .env("RABBITMQ_NODE_PORT", port.to_string())
        .env("RABBITMQ_DIST_PORT", (port + 1).to_string())
        .env("RABBITMQ_MNESIA_BASE", folder.join("mnesia"))
        .env("RABBITMQ_LOG_BASE", folder.join("log"))
        .env("RABBITMQ_ENABLED_PLUGINS_FILE", folder.join("plugins"))
        .env("RABBITMQ_CONF_ENV_FILE", "/dev/null")
        .env("RABBITMQ_CONFIG_FILE", folder.join("none"));
}

fn kill_group(child: &Child) {
    if let Some(id) = child.id() {
        let group = format!("-{id}");
        std::process::Command::new("kill")
            .args(["-9", "--", &group])
            .status()
            .ok();
    }
}

//! The brokers of the soak: RabbitMQ behind a way that is cut, and a NATS server of its own that is killed.

use std::process::Stdio;
use std::time::{Duration, Instant};

use async_nats::jetstream::{self, consumer};
use futures_util::StreamExt;
use lapin::options::BasicGetOptions;
use lapin::{Connection, ConnectionProperties};
use pombo_tests::{Way, parts, until};
use serde_json::Value;
use tokio::process::{Child, Command};

use crate::receiver::Call;

const RABBITMQ: u16 = 5672;

/// Both brokers, and what was read from them so far.
pub(crate) struct Brokers {
    pub(crate) way: Way,
    pub(crate) nats: u16,
    server: Child,
    folder: tempfile::TempDir,
    read: Vec<Call>,
}

impl Brokers {
    /// `None`, said loudly, when one is not there.
    pub(crate) async fn start(nats: u16) -> Option<Self> {
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], RABBITMQ));
        if std::net::TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_err() {
            parts::skip("the soak's brokers", "RabbitMQ");
            return None;
        }
        let folder = tempfile::tempdir().expect("a temporary directory can be made");
        let Some(server) = nats_server(nats, &folder) else {
            parts::skip("the soak's brokers", "nats-server");
            return None;
        };
        let mut way = Way::to(RABBITMQ);
        way.open().await;
        Some(Self {
            way,
            nats,
            server,
            folder,
            read: Vec::new(),
        })
    }

    /// Kills the NATS server, and starts another one on what it stored.
    pub(crate) async fn restart_nats(&mut self) {
        self.server.kill().await.ok();
        self.server = nats_server(self.nats, &self.folder).expect("it was there before");
    }

    /// What the line's queue or stream has had so far.
    pub(crate) async fn calls(&mut self, line: &str) -> Vec<Call> {
        if line.starts_with("nats") {
            self.read_stream(line).await;
        } else {
            self.read_queue(line).await;
        }
        let calls = self.read.iter().filter(|call| call.line == line);
        calls.cloned().collect()
    }

    async fn read_queue(&mut self, line: &str) {
        let uri = format!("amqp://guest:guest@127.0.0.1:{RABBITMQ}");
        let connection = Connection::connect(&uri, ConnectionProperties::default())
            .await
            .expect("RabbitMQ");
        let channel = connection.create_channel().await.expect("a channel");
        let queue = format!("{line}.messages.upsert");
        // A queue that was declared a moment ago may not answer yet; the soak asks again.
        while let Ok(Some(message)) = channel
            .basic_get(queue.as_str().into(), BasicGetOptions { no_ack: true })
            .await
        {
            self.read.push(call(line, &message.data));
        }
        connection.close(200, "done".into()).await.ok();
    }

    async fn read_stream(&mut self, line: &str) {
        let client = until("NATS", || async {
            async_nats::connect(format!("127.0.0.1:{}", self.nats))
                .await
                .ok()
        })
        .await;
        let Ok(stream) = jetstream::new(client).get_stream("POMBO").await else {
            return;
        };
        // From the beginning each time, so that nothing depends on acknowledgements.
        self.read.retain(|call| call.line != line);
        let config = consumer::pull::OrderedConfig {
            filter_subject: format!("{line}.>"),
            ..Default::default()
        };
        let consumer = stream.create_consumer(config).await.expect("a consumer");
        let mut messages = consumer.messages().await.expect("messages");
        let quiet = Duration::from_millis(500);
        while let Ok(Some(Ok(message))) = tokio::time::timeout(quiet, messages.next()).await {
            self.read.push(call(line, &message.payload));
        }
    }
}

fn nats_server(port: u16, folder: &tempfile::TempDir) -> Option<Child> {
    Command::new("nats-server")
        .args(["-a", "127.0.0.1", "-p", &port.to_string(), "-js", "-sd"])
        .arg(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .ok()
}

fn call(line: &str, body: &[u8]) -> Call {
    let body: Value = serde_json::from_slice(body).expect("the body is JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Call {
        line: line.to_owned(),
        id: text(&body["id"]),
        seq: body["seq"].as_i64().unwrap_or_default(),
        event: text(&body["event"]),
        key: text(&body["data"]["key"]["id"]),
        accepted: true,
        at: Instant::now(),
    }
}

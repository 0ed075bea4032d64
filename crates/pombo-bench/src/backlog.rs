//! How fast a backlog of events reaches a receiver: a line is paused, messages come in, the line is resumed.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::http::{Connection, head};
use crate::server::{KEY, Server};
use crate::target::Target;
use crate::template::Template;
use crate::usage::Usage;

/// How long a backlog may take.
const PATIENCE: Duration = Duration::from_secs(120);
const NUMBER: &str = "5511900000001";
const MESSAGE: &str = r#"{"numberId":"5511900000001","pushName":"Ann","messageType":"conversation","message":{"conversation":"{{seq}} {{pad}}"},"key":{"id":"BACKLOG{{seq}}","remoteJid":"551188{{chat}}@s.whatsapp.net","fromMe":false}}"#;

/// Where the events go.
#[derive(Debug, Clone, Copy)]
pub enum Receiver {
    /// A webhook in this program, which says 200 to everything.
    Webhook,
    /// RabbitMQ on its usual port.
    Rabbitmq,
    /// NATS on its usual port.
    Nats,
}

/// What came of it.
#[derive(Debug)]
pub struct Report {
    /// Events that were waiting, all of which were delivered.
    pub events: u64,
    /// Seconds from resuming the line until the last one was settled.
    pub seconds: f64,
    /// The server's CPU seconds meanwhile.
    pub cpu_seconds: f64,
}

impl Report {
    /// Deliveries in a second.
    #[must_use]
    pub fn per_second(&self) -> f64 {
        self.events as f64 / self.seconds
    }
}

impl Receiver {
    fn name(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Rabbitmq => "rabbitmq",
            Self::Nats => "nats",
        }
    }
}

/// Lets `events` events wait, and times their delivery.
///
/// # Errors
/// When a part is not there, or not everything arrives.
pub async fn run(program: &Path, port: u16, receiver: Receiver, events: u64) -> io::Result<Report> {
    let data = tempfile::tempdir()?;
    let variables = [
        ("RABBITMQ_ENABLED", "true"),
        ("RABBITMQ_URI", "amqp://guest:guest@127.0.0.1:5672"),
        ("NATS_ENABLED", "true"),
        ("NATS_URI", "nats://127.0.0.1:4222"),
    ];
    let own: &[_] = match receiver {
        Receiver::Webhook => &[],
        Receiver::Rabbitmq => &variables[..2],
        Receiver::Nats => &variables[2..],
    };
    let variables = [own, &[("PROMETHEUS_METRICS", "true")]].concat();
    let server = Server::start_with(program, data.path(), port, &variables).await?;
    let target = Target::answering(Duration::ZERO, |_| {}).await?;
    // Queues outlive the run: a name of its own.
    let instance = format!("backlog-{}", std::process::id());
    let name = receiver.name();
    let create = json!({"instanceName": instance, "integration": "EVOLUTION", "number": NUMBER});
    server.ask("POST", "/instance/create", &create).await?;
    let mut options = json!({"enabled": true, "events": ["MESSAGES_UPSERT"]});
    if matches!(receiver, Receiver::Webhook) {
        options["url"] = json!(target.url);
    }
    let set = format!("/{name}/set/{instance}");
    server.ask("POST", &set, &json!({ name: options })).await?;
    // The first deliveries bring connections, queues and streams with them.
    post(&server, 0..20).await?;
    wait(&server, name, 20).await?;
    let pause = format!("/{name}/pause/{instance}");
    server.ask("POST", &pause, &json!({})).await?;
    post(&server, 20..20 + events).await?;
    let before = Usage::of(server.pid());
    let start = Instant::now();
    let resume = format!("/{name}/resume/{instance}");
    server.ask("POST", &resume, &json!({})).await?;
    wait(&server, name, 20 + events).await?;
    let seconds = start.elapsed().as_secs_f64();
    let cpu_seconds = before
        .zip(Usage::of(server.pid()))
        .map_or(0.0, |(before, after)| {
            after.cpu_seconds - before.cpu_seconds
        });
    // Takes its queues along.
    let delete = format!("/instance/delete/{instance}");
    server.ask("DELETE", &delete, &Value::Null).await?;
    server.stop().await?;
    Ok(Report {
        events,
        seconds,
        cpu_seconds,
    })
}

async fn post(server: &Server, numbers: std::ops::Range<u64>) -> io::Result<()> {
    let body = Template::new(MESSAGE, 100);
    post_all(&server.address, &[body], numbers).await
}

/// Sends messages of these numbers in, over 32 connections, in each of these shapes in turn.
///
/// # Errors
/// When one is not taken.
pub(crate) async fn post_all(
    address: &str,
    shapes: &[Template],
    numbers: std::ops::Range<u64>,
) -> io::Result<()> {
    let next = Arc::new(AtomicU64::new(numbers.start));
    let mut posting = JoinSet::new();
    for _ in 0..32 {
        let (next, shapes, end) = (Arc::clone(&next), shapes.to_vec(), numbers.end);
        let address = address.to_owned();
        posting.spawn(async move {
            let key = format!("apikey: {KEY}");
            let head = head("POST", "/webhook/evolution", &address, &[key]);
            let mut connection = Connection::to(&address);
            loop {
                let number = next.fetch_add(1, Relaxed);
                if number >= end {
                    return io::Result::Ok(());
                }
                let shape = &shapes[number as usize % shapes.len()];
                let (status, text) = connection.ask(&head, &shape.fill(number)).await?;
                if !(200..300).contains(&status) {
                    return Err(io::Error::other(format!(
                        "{status} {}",
                        String::from_utf8_lossy(&text)
                    )));
                }
            }
        });
    }
    while let Some(done) = posting.join_next().await {
        done.map_err(io::Error::other)??;
    }
    Ok(())
}

/// Waits until so many deliveries worked.
async fn wait(server: &Server, transport: &str, wanted: u64) -> io::Result<()> {
    let start = Instant::now();
    let line = format!("pombo_deliveries_total{{sink=\"{transport}\"}} ");
    loop {
        let key = format!("apikey: {KEY}");
        let head = head("GET", "/metrics", &server.address, &[key]);
        let (_, text) = Connection::to(&server.address).ask(&head, "").await?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let delivered = text
            .lines()
            .find_map(|shown| shown.strip_prefix(&line))
            .and_then(|count| count.parse::<u64>().ok());
        if delivered.is_some_and(|delivered| delivered >= wanted) {
            return Ok(());
        }
        if start.elapsed() > PATIENCE {
            return Err(io::Error::other(format!(
                "{delivered:?} of {wanted} were delivered over {transport}:\n{text}"
            )));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

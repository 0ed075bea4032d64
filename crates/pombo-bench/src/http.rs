//! Requests over connections that stay open, one in flight on each.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::histogram::Histogram;
use crate::template::{Template, find};

/// An answer: its status and body.
pub type Answer = (u16, Vec<u8>);

/// A connection that is opened when needed.
#[derive(Debug)]
pub struct Connection {
    address: String,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
}

impl Connection {
    /// A connection to `host:port`, not opened yet.
    #[must_use]
    pub fn to(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            stream: None,
            buffer: Vec::with_capacity(8192),
        }
    }

    /// Sends a request (its head up to the last header, with `\r\n` at each end) and reads the answer.
    ///
    /// # Errors
    /// What the network says; the next request opens a new connection.
    pub async fn ask(&mut self, head: &str, body: &str) -> io::Result<Answer> {
        let answer = self.exchange(head, body).await;
        if answer.is_err() {
            self.stream = None;
        }
        answer
    }

    /// Asks something, and reads the answer as JSON.
    ///
    /// # Errors
    /// When the answer is not 2xx.
    pub async fn ask_json(
        &mut self,
        headers: &[String],
        method: &str,
        path: &str,
        body: &Value,
    ) -> io::Result<Value> {
        let head = head(method, path, &self.address, headers);
        match self.ask(&head, &body.to_string()).await? {
            (200..=299, text) => Ok(serde_json::from_slice(&text).unwrap_or_default()),
            (status, text) => Err(io::Error::other(format!(
                "{path} answered {status}: {}",
                String::from_utf8_lossy(&text)
            ))),
        }
    }

    async fn exchange(&mut self, head: &str, body: &str) -> io::Result<Answer> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            empty => {
                let stream = TcpStream::connect(&self.address).await?;
                stream.set_nodelay(true)?;
                empty.insert(stream)
            }
        };
        let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
        stream.write_all(request.as_bytes()).await?;
        self.buffer.clear();
        loop {
            if stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::Error::other("the server closed the connection"));
            }
            let Some(end) = find(&self.buffer, b"\r\n\r\n") else {
                continue;
            };
            let head = String::from_utf8_lossy(&self.buffer[..end]).to_ascii_lowercase();
            let status = head
                .split(' ')
                .nth(1)
                .and_then(|text| text.parse().ok())
                .unwrap_or(0);
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))
                .and_then(|text| text.trim().parse::<usize>().ok());
            let complete = match length {
                Some(length) => self.buffer.len() >= end + 4 + length,
                None if head.contains("chunked") => self.buffer.ends_with(b"0\r\n\r\n"),
                None => true,
            };
            if complete {
                return Ok((status, self.buffer[end + 4..].to_vec()));
            }
        }
    }
}

/// The head of a request, for [`Connection::ask`].
#[must_use]
pub fn head(method: &str, path: &str, address: &str, headers: &[String]) -> String {
    let more: String = headers
        .iter()
        .map(|header| format!("{header}\r\n"))
        .collect();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n{more}"
    )
}

/// Asks something once, over a connection of its own, and reads the answer as JSON.
///
/// # Errors
/// When the answer is not 2xx.
pub async fn ask(
    address: &str,
    headers: &[String],
    method: &str,
    path: &str,
    body: &Value,
) -> io::Result<Value> {
    Connection::to(address)
        .ask_json(headers, method, path, body)
        .await
}

/// A load of requests.
#[derive(Debug, Clone)]
pub struct Load {
    /// `host:port`
    pub address: String,
    /// `GET`
    pub method: String,
    /// `/path`, with places to fill in.
    pub path: Template,
    /// `name: value`
    pub headers: Vec<String>,
    /// With places to fill in.
    pub body: Template,
    /// How many connections.
    pub connections: u64,
    /// How long.
    pub time: Duration,
    /// Numbers of requests begin here.
    pub first: u64,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Report {
    /// Answers of 2xx.
    pub good: u64,
    /// Everything else.
    pub bad: u64,
    /// The first of those.
    pub first_error: Option<String>,
    /// How long it took.
    pub seconds: f64,
    /// Of the answers of 2xx.
    pub took: Arc<Histogram>,
}

impl Report {
    /// Good answers in a second.
    #[must_use]
    pub fn per_second(&self) -> f64 {
        self.good as f64 / self.seconds
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({"good": self.good, "bad": self.bad, "seconds": self.seconds, "per_second": self.per_second(),
               "p50_ms": self.took.milliseconds(0.5), "p99_ms": self.took.milliseconds(0.99), "max_ms": self.took.longest(),
               "first_error": self.first_error})
    }
}

/// Puts the load on the server.
pub async fn run(load: &Load) -> Report {
    let (numbers, took) = (
        Arc::new(AtomicU64::new(load.first)),
        Arc::new(Histogram::default()),
    );
    let start = Instant::now();
    let mut connections = tokio::task::JoinSet::new();
    for _ in 0..load.connections {
        connections.spawn(one(
            load.clone(),
            Arc::clone(&numbers),
            Arc::clone(&took),
            start,
        ));
    }
    let mut report = Report {
        took,
        ..Report::default()
    };
    while let Some(ended) = connections.join_next().await {
        let (bad, error) = ended.unwrap_or((1, Some("a task failed".to_owned())));
        report.bad += bad;
        report.first_error = report.first_error.or(error);
    }
    report.seconds = start.elapsed().as_secs_f64();
    report.good = report.took.count();
    report
}

async fn one(
    load: Load,
    numbers: Arc<AtomicU64>,
    took: Arc<Histogram>,
    start: Instant,
) -> (u64, Option<String>) {
    let mut connection = Connection::to(&load.address);
    let (mut bad, mut error) = (0, None);
    while start.elapsed() < load.time {
        let number = numbers.fetch_add(1, Relaxed);
        let head = head(
            &load.method,
            &load.path.fill(number),
            &load.address,
            &load.headers,
        );
        let asked = Instant::now();
        match connection.ask(&head, &load.body.fill(number)).await {
            Ok((200..=299, _)) => took.add(asked.elapsed()),
            Ok((status, body)) => {
                bad += 1;
                error.get_or_insert_with(|| format!("{status} {}", String::from_utf8_lossy(&body)));
            }
            Err(network) => {
                bad += 1;
                error.get_or_insert_with(|| network.to_string());
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
    (bad, error)
}

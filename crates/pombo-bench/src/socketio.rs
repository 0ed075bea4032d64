//! Many Socket.IO clients in one namespace, and a poster that makes the server emit events to them all.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::frames::{WebSocket, kind};
use crate::histogram::Histogram;
use crate::http::{Connection, head};
use crate::template::{Template, age, find};
use crate::usage::Usage;

/// How events are made.
#[derive(Debug, Clone, Copy)]
pub enum Mode {
    /// So many events at most are not yet delivered to everybody.
    Window(u64),
    /// So many events in a second.
    Rate(f64),
    /// None: the clients only sit there.
    Idle,
}

/// A load.
#[derive(Debug, Clone)]
pub struct Load {
    /// `host:port`
    pub address: String,
    /// `/instance`
    pub namespace: String,
    /// The key of the handshake and of the posts.
    pub key: String,
    /// How many clients.
    pub clients: u64,
    /// How many may be connecting at once.
    pub ramp: usize,
    /// Only frames with this text count; empty: every event.
    pub event: String,
    /// The path that the poster posts to.
    pub post: String,
    /// What it posts; with `@t={{ts}}@` in it, the time until delivery is measured.
    pub body: Template,
    /// How events are made.
    pub mode: Mode,
    /// Posts that may be under way at once.
    pub posters: u64,
    /// How long.
    pub time: Duration,
    /// How long to wait between the last join and the first event.
    pub settle: Duration,
    /// How long to wait for stragglers.
    pub grace: Duration,
    /// The server's process, whose use is looked at.
    pub pid: u32,
    /// Numbers of events begin here.
    pub first: u64,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Report {
    /// Clients that joined.
    pub joined: u64,
    /// Clients that did not, or that were cut off.
    pub lost: u64,
    /// The first reason for that.
    pub first_error: Option<String>,
    /// Seconds until all had joined.
    pub connect_seconds: f64,
    /// Seconds of events.
    pub seconds: f64,
    /// Events made.
    pub sent: u64,
    /// Posts that did not work.
    pub bad_posts: u64,
    /// Events received, of all clients together.
    pub delivered: u64,
    /// Events that somebody did not receive.
    pub missing: i64,
    /// From the post to the client.
    pub took: Arc<Histogram>,
    /// The server before the clients came.
    pub before: Option<Usage>,
    /// When they had joined.
    pub idle: Option<Usage>,
    /// In the end.
    pub end: Option<Usage>,
    /// CPU seconds of this program meanwhile: near `seconds` x cores, it was itself the limit.
    pub own_cpu_seconds: f64,
}

impl Report {
    /// Deliveries in a second.
    #[must_use]
    pub fn per_second(&self) -> f64 {
        self.delivered as f64 / self.seconds
    }

    /// Resident memory of the server for each client that does nothing, in KiB.
    #[must_use]
    pub fn kib_per_client(&self) -> Option<f64> {
        let (before, idle) = (self.before?, self.idle?);
        Some((idle.resident_kib as f64 - before.resident_kib as f64) / self.joined.max(1) as f64)
    }

    /// CPU time of the server for each delivery, in microseconds.
    #[must_use]
    pub fn cpu_per_delivery(&self) -> Option<f64> {
        Some((self.end?.cpu_seconds - self.idle?.cpu_seconds) * 1e6 / self.delivered.max(1) as f64)
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "joined": self.joined, "lost": self.lost, "first_error": self.first_error, "connect_s": self.connect_seconds,
            "seconds": self.seconds, "events_sent": self.sent, "post_errors": self.bad_posts, "delivered": self.delivered,
            "missing": self.missing, "delivered_per_s": self.per_second(), "p50_ms": self.took.milliseconds(0.5),
            "p99_ms": self.took.milliseconds(0.99), "max_ms": self.took.longest(),
            "server_cpu_us_per_delivery": self.cpu_per_delivery(), "kib_per_client": self.kib_per_client(),
            "server_rss_end_kib": self.end.map(|usage| usage.resident_kib), "client_cpu_s": self.own_cpu_seconds,
        })
    }
}

/// What clients and poster share.
#[derive(Debug, Default)]
struct Shared {
    joined: AtomicU64,
    failed: AtomicU64,
    cut_off: AtomicU64,
    delivered: AtomicU64,
    measuring: AtomicBool,
    stopping: AtomicBool,
    took: Arc<Histogram>,
    progress: Notify,
    first_error: OnceLock<String>,
}

impl Shared {
    /// Waits until this is true, or for five seconds: then events were lost, and the report shows it.
    async fn until(&self, ready: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(5) {
            let news = self.progress.notified();
            tokio::pin!(news);
            // From here on nothing is missed.
            news.as_mut().enable();
            if ready(self) {
                return;
            }
            timeout(Duration::from_millis(20), news)
                .await
                .unwrap_or_default();
        }
    }
}

/// Connects the clients, makes the events, counts.
pub async fn run(load: Load) -> Report {
    let (load, shared) = (Arc::new(load), Arc::new(Shared::default()));
    let before = Usage::of(load.pid);
    let (start, gate) = (Instant::now(), Arc::new(Semaphore::new(load.ramp)));
    let mut clients = JoinSet::new();
    for _ in 0..load.clients {
        clients.spawn(client(
            Arc::clone(&load),
            Arc::clone(&shared),
            Arc::clone(&gate),
        ));
    }
    let arrived = |shared: &Shared| shared.joined.load(Relaxed) + shared.failed.load(Relaxed);
    while arrived(&shared) < load.clients {
        shared.until(|shared| arrived(shared) >= load.clients).await;
    }
    let connect_seconds = start.elapsed().as_secs_f64();
    tokio::time::sleep(load.settle).await;
    let joined = shared.joined.load(Relaxed);
    let (idle, own) = (Usage::of(load.pid), Usage::own());

    shared.measuring.store(true, Relaxed);
    let (sent, bad_posts, seconds) = make_events(&load, &shared, joined).await;
    shared.measuring.store(false, Relaxed);
    let (end, own_end) = (Usage::of(load.pid), Usage::own());
    shared.stopping.store(true, Relaxed);
    clients.shutdown().await;

    let delivered = shared.delivered.load(Relaxed);
    Report {
        joined,
        lost: shared.failed.load(Relaxed) + shared.cut_off.load(Relaxed),
        first_error: shared.first_error.get().cloned(),
        connect_seconds,
        seconds,
        sent,
        bad_posts,
        delivered,
        missing: (sent * joined).cast_signed() - delivered.cast_signed(),
        took: Arc::clone(&shared.took),
        before,
        idle,
        end,
        own_cpu_seconds: own
            .zip(own_end)
            .map_or(0.0, |(start, end)| end.cpu_seconds - start.cpu_seconds),
    }
}

/// How many were made, how many posts failed, and how long it took until everything was delivered.
async fn make_events(load: &Arc<Load>, shared: &Arc<Shared>, joined: u64) -> (u64, u64, f64) {
    let start = Instant::now();
    if joined == 0 || matches!(load.mode, Mode::Idle) {
        if joined > 0 {
            tokio::time::sleep(load.time).await;
        }
        return (0, 0, start.elapsed().as_secs_f64());
    }
    let next = Arc::new(AtomicU64::new(0));
    let mut posters = JoinSet::new();
    for _ in 0..load.posters {
        posters.spawn(poster(
            Arc::clone(load),
            Arc::clone(shared),
            Arc::clone(&next),
            joined,
            start,
        ));
    }
    let (mut sent, mut bad) = (0, 0);
    while let Some(ended) = posters.join_next().await {
        let (more_sent, more_bad) = ended.unwrap_or((0, 1));
        sent += more_sent;
        bad += more_bad;
    }
    let mut seconds = start.elapsed().as_secs_f64();
    let waiting = Instant::now();
    while shared.delivered.load(Relaxed) < sent * joined && waiting.elapsed() < load.grace {
        shared
            .until(|shared| shared.delivered.load(Relaxed) >= sent * joined)
            .await;
        seconds = start.elapsed().as_secs_f64();
    }
    (sent, bad, seconds)
}

/// Posts one after the other; how many, and how many did not work.
async fn poster(
    load: Arc<Load>,
    shared: Arc<Shared>,
    next: Arc<AtomicU64>,
    joined: u64,
    start: Instant,
) -> (u64, u64) {
    let head = head(
        "POST",
        &load.post,
        &load.address,
        &[format!("apikey: {}", load.key)],
    );
    let mut connection = Connection::to(&load.address);
    let (mut sent, mut bad) = (0, 0);
    loop {
        let number = next.fetch_add(1, Relaxed);
        match load.mode {
            Mode::Window(window) => {
                let room = |shared: &Shared| {
                    number * joined < shared.delivered.load(Relaxed) + window * joined
                };
                shared.until(room).await;
            }
            Mode::Rate(rate) => {
                let due = start + Duration::from_secs_f64(number as f64 / rate);
                tokio::time::sleep_until(due.into()).await;
            }
            Mode::Idle => {}
        }
        if start.elapsed() >= load.time {
            return (sent, bad);
        }
        let body = load.body.fill(load.first + number);
        if !matches!(connection.ask(&head, &body).await, Ok((200..=299, _))) {
            bad += 1;
        }
        sent += 1;
    }
}

async fn client(load: Arc<Load>, shared: Arc<Shared>, gate: Arc<Semaphore>) {
    let place = gate.acquire_owned().await;
    let opened = timeout(Duration::from_secs(20), open(&load)).await;
    let mut socket =
        match opened.unwrap_or_else(|_| Err(io::Error::other("the handshake timed out"))) {
            Ok(socket) => socket,
            Err(error) => {
                shared.first_error.get_or_init(|| error.to_string());
                shared.failed.fetch_add(1, Relaxed);
                return;
            }
        };
    shared.joined.fetch_add(1, Relaxed);
    shared.progress.notify_waiters();
    drop(place);
    if let Err(error) = receive(&mut socket, &load, &shared).await
        && !shared.stopping.load(Relaxed)
    {
        shared.cut_off.fetch_add(1, Relaxed);
        shared
            .first_error
            .get_or_init(|| format!("while connected: {error}"));
    }
}

async fn open(load: &Load) -> io::Result<WebSocket> {
    let target = format!("/socket.io/?EIO=4&transport=websocket&apikey={}", load.key);
    let mut socket = WebSocket::open(&load.address, &target, "").await?;
    let open = socket.text().await?;
    if !open.starts_with('0') {
        return Err(io::Error::other(format!("not an open packet: {open}")));
    }
    socket
        .send(kind::TEXT, format!("40{},", load.namespace).as_bytes())
        .await?;
    loop {
        let packet = socket.text().await?;
        if packet == "2" {
            socket.send(kind::TEXT, b"3").await?;
        } else if packet.starts_with("40") {
            return Ok(socket);
        } else if packet.starts_with("44") {
            return Err(io::Error::other(packet));
        }
    }
}

/// Counts events until the connection ends.
async fn receive(socket: &mut WebSocket, load: &Load, shared: &Shared) -> io::Result<()> {
    let prefix = format!("42{},", load.namespace);
    loop {
        let (kind, content) = socket.next().await?;
        let content = socket.bytes(content);
        match kind {
            kind::TEXT if content == b"2" => socket.send(kind::TEXT, b"3").await?,
            kind::TEXT => {
                let counts = content.starts_with(prefix.as_bytes())
                    && (load.event.is_empty() || find(content, load.event.as_bytes()).is_some());
                if counts && shared.measuring.load(Relaxed) {
                    if let Some(age) = age(content) {
                        shared.took.add(age);
                    }
                    let delivered = shared.delivered.fetch_add(1, Relaxed) + 1;
                    if delivered.is_multiple_of(load.clients) {
                        shared.progress.notify_waiters();
                    }
                }
            }
            kind::PING => {
                let content = content.to_vec();
                socket.send(kind::PONG, &content).await?;
            }
            kind::CLOSE => {
                return Err(io::Error::other(
                    String::from_utf8_lossy(content).into_owned(),
                ));
            }
            _ => {}
        }
    }
}

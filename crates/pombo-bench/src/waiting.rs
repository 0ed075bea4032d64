//! A million events wait for receivers in trouble: does the server's memory grow, and do healthy receivers notice?
//!
//! Two servers with the same receivers stand beside each other. One is flooded with what its receivers in trouble do not take;
//! the other stays quiet. Then both are measured in turns, so that what else the machine does meanwhile meets both alike; the one
//! whose turn it is not is stopped (`SIGSTOP`).

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::backlog::post_all;
use crate::histogram::Histogram;
use crate::server::{KEY, Server};
use crate::socketio::{self, Mode};
use crate::target::Target;
use crate::template::{Template, age};
use crate::usage::Usage;

/// How long the slow receiver takes for each event.
const SLOW: Duration = Duration::from_millis(300);
/// Turns of the measurement.
const TURNS: u32 = 8;
/// Messages in a second while it measures.
const RATE: f64 = 50.0;
const MESSAGE: &str = r#"{"numberId":"{{number}}","pushName":"Ann","messageType":"conversation","message":{"conversation":"@t={{ts}}@ {{seq}} {{pad}}"},"key":{"id":"WAIT{{seq}}","remoteJid":"551188{{chat}}@s.whatsapp.net","fromMe":false}}"#;
/// The message, its chat, its contact.
const MOST_EVENTS_PER_MESSAGE: u64 = 3;
const HEALTHY: &str = "5511900000001";
/// A webhook that never answers, RabbitMQ that is not there, and a webhook that is slow.
const TROUBLED: [(&str, &str); 3] = [
    ("hole", "5511900000002"),
    ("broker", "5511900000003"),
    ("slow", "5511900000004"),
];

/// How long messages took from the post until they were there.
#[derive(Debug, Default)]
pub struct Latencies {
    /// To the Socket.IO client of the healthy instance.
    pub client: Arc<Histogram>,
    /// To its webhook.
    pub webhook: Arc<Histogram>,
    /// Messages.
    pub sent: u64,
    /// Those that the client did not see, or that were not taken.
    pub lost: i64,
}

/// What came of it.
#[derive(Debug)]
pub struct Report {
    /// Events in the log for the receivers in trouble, less those that the slow one took.
    pub waiting: u64,
    /// Seconds of the flood.
    pub flood_seconds: f64,
    /// Resident memory of the server before the flood, in KiB.
    pub before_kib: u64,
    /// The most that it had since.
    pub peak_kib: u64,
    /// When everything had been measured.
    pub after_kib: u64,
    /// Size of the database, in bytes.
    pub database_bytes: u64,
    /// CPU seconds of the flooded server during a second of being measured, and of the quiet one.
    pub cpu_share: (f64, f64),
    /// Of the server that has no trouble.
    pub quiet: Latencies,
    /// Of the other one, while it is flooded.
    pub flooded: Latencies,
    /// Of the same, while the events wait.
    pub loaded: Latencies,
}

/// Lets at least `events` events wait, and measures for `time` in each of the phases.
///
/// # Errors
/// When a part is not there, or a server does not take what it is sent.
pub async fn run(program: &Path, port: u16, events: u64, time: Duration) -> io::Result<Report> {
    let quiet = House::open(program, port).await?;
    let loaded = House::open(program, port + 1).await?;
    let before_kib = Usage::of(loaded.server.pid()).map_or(0, |usage| usage.resident_kib);
    Usage::forget_peak(loaded.server.pid())?;

    quiet.signal("-STOP").await?;
    let mut flooded = Latencies::default();
    let stop = AtomicU64::new(0);
    let (flood, measured) = tokio::join!(
        async {
            let flood = loaded.flood(events).await;
            stop.store(1, Relaxed);
            flood
        },
        async {
            while stop.load(Relaxed) == 0 {
                loaded.measure(&mut flooded, Duration::from_secs(2)).await;
            }
        }
    );
    let ((), flood_seconds) = (measured, flood?);

    let (mut quiet_seen, mut loaded_seen) = (Latencies::default(), Latencies::default());
    let mut cpu_share = (0.0, 0.0);
    for _ in 0..TURNS {
        for (house, other, seen, share) in [
            (&quiet, &loaded, &mut quiet_seen, &mut cpu_share.1),
            (&loaded, &quiet, &mut loaded_seen, &mut cpu_share.0),
        ] {
            other.signal("-STOP").await?;
            house.signal("-CONT").await?;
            // What was overdue while it was stopped is not what is to be measured.
            tokio::time::sleep(Duration::from_secs(1)).await;
            let start = (Instant::now(), house.cpu());
            house.measure(seen, time / TURNS).await;
            *share += (house.cpu() - start.1) / start.0.elapsed().as_secs_f64() / f64::from(TURNS);
        }
    }
    quiet.signal("-CONT").await?;
    let pid = loaded.server.pid();
    let report = Report {
        waiting: loaded.waiting().await?,
        flood_seconds,
        before_kib,
        peak_kib: Usage::peak_kib(pid).unwrap_or(0),
        after_kib: Usage::of(pid).map_or(0, |usage| usage.resident_kib),
        database_bytes: size(loaded.data.path())?,
        cpu_share,
        quiet: quiet_seen,
        flooded,
        loaded: loaded_seen,
    };
    quiet.server.stop().await?;
    loaded.server.stop().await?;
    Ok(report)
}

/// A server and its receivers.
struct House {
    server: Server,
    data: TempDir,
    /// Where the healthy webhook notes its latencies at the moment.
    noted: Arc<Mutex<Arc<Histogram>>>,
    /// What the slow webhook took.
    slowly: Arc<AtomicU64>,
    /// Messages to the healthy instance.
    well: AtomicU64,
    numbers: AtomicU64,
    _targets: [Target; 3],
}

impl House {
    async fn open(program: &Path, port: u16) -> io::Result<Self> {
        let data = tempfile::tempdir()?;
        // Nobody listens there any more.
        let closed = std::net::TcpListener::bind("127.0.0.1:0")?
            .local_addr()?
            .port();
        let broker = format!("amqp://guest:guest@127.0.0.1:{closed}");
        let variables = [("RABBITMQ_ENABLED", "true"), ("RABBITMQ_URI", &broker)];
        let server = Server::start_with(program, data.path(), port, &variables).await?;
        let noted: Arc<Mutex<Arc<Histogram>>> = Arc::default();
        let now = Arc::clone(&noted);
        let healthy = Target::answering(Duration::ZERO, move |body| {
            if let Some(age) = age(body) {
                now.lock().unwrap_or_else(PoisonError::into_inner).add(age);
            }
        })
        .await?;
        let slowly = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&slowly);
        let slow = Target::answering(SLOW, move |_| {
            counted.fetch_add(1, Relaxed);
        })
        .await?;
        let hole = Target::black_hole().await?;
        let upserts = json!(["MESSAGES_UPSERT"]);
        let instances = [
            (
                "healthy",
                HEALTHY,
                json!({"webhook": {"url": healthy.url, "events": upserts}, "websocket": {"enabled": true, "events": upserts}}),
            ),
            (
                "hole",
                TROUBLED[0].1,
                json!({"webhook": {"url": hole.url, "events": []}}),
            ),
            (
                "broker",
                TROUBLED[1].1,
                json!({"rabbitmq": {"enabled": true, "events": []}}),
            ),
            (
                "slow",
                TROUBLED[2].1,
                json!({"webhook": {"url": slow.url, "events": []}}),
            ),
        ];
        for (name, number, mut body) in instances {
            body["instanceName"] = json!(name);
            body["integration"] = json!("EVOLUTION");
            body["number"] = json!(number);
            server.ask("POST", "/instance/create", &body).await?;
        }
        Ok(Self {
            server,
            data,
            noted,
            slowly,
            well: AtomicU64::new(0),
            numbers: AtomicU64::new(0),
            _targets: [healthy, slow, hole],
        })
    }

    /// Sends messages to the instances in trouble, until their logs have so many events more. Seconds that it took.
    async fn flood(&self, events: u64) -> io::Result<f64> {
        const AT_ONCE: u64 = 5_000;
        let start = Instant::now();
        let shapes = TROUBLED.map(|(_, number)| shape(number, 100));
        while self.waiting().await? < events {
            let first = self.numbers.fetch_add(AT_ONCE, Relaxed);
            post_all(&self.server.address, &shapes, first..first + AT_ONCE).await?;
        }
        Ok(start.elapsed().as_secs_f64())
    }

    /// How far the log reaches.
    async fn logged(&self) -> io::Result<u64> {
        let path = "/event/find/hole?limit=1";
        let found = self.server.ask("GET", path, &Value::Null).await?;
        found["head"]
            .as_u64()
            .ok_or_else(|| io::Error::other(format!("no head: {found}")))
    }

    /// What nobody has taken: at least so much.
    async fn waiting(&self) -> io::Result<u64> {
        let logged = self.logged().await?;
        let taken = self.slowly.load(Relaxed) + self.well.load(Relaxed) * MOST_EVENTS_PER_MESSAGE;
        Ok(logged.saturating_sub(taken))
    }

    /// Sends messages to the healthy instance, at a pace that leaves the server time, and adds what they took.
    async fn measure(&self, seen: &mut Latencies, time: Duration) {
        let webhook = Arc::clone(&seen.webhook);
        *self.noted.lock().unwrap_or_else(PoisonError::into_inner) = webhook;
        let first = self.numbers.fetch_add(100_000, Relaxed);
        let report = socketio::run(socketio::Load {
            address: self.server.address.clone(),
            namespace: "/healthy".to_owned(),
            key: KEY.to_owned(),
            clients: 1,
            ramp: 1,
            event: "\"messages.upsert\"".to_owned(),
            post: "/webhook/evolution".to_owned(),
            body: shape(HEALTHY, 300),
            mode: Mode::Rate(RATE),
            posters: 4,
            time,
            settle: Duration::from_millis(500),
            grace: Duration::from_secs(10),
            pid: self.server.pid(),
            first,
        })
        .await;
        self.well.fetch_add(report.sent, Relaxed);
        seen.client.merge(&report.took);
        seen.sent += report.sent;
        seen.lost += report.missing + report.bad_posts.cast_signed() + report.lost.cast_signed();
    }

    fn cpu(&self) -> f64 {
        Usage::of(self.server.pid()).map_or(0.0, |usage| usage.cpu_seconds)
    }

    async fn signal(&self, signal: &str) -> io::Result<()> {
        Command::new("kill")
            .args([signal, &self.server.pid().to_string()])
            .status()
            .await
            .map(drop)
    }
}

fn shape(number: &str, pad: usize) -> Template {
    Template::new(&MESSAGE.replace("{{number}}", number), pad)
}

fn size(folder: &Path) -> io::Result<u64> {
    let mut size = 0;
    for file in std::fs::read_dir(folder)? {
        let file = file?;
        if file.file_name().to_string_lossy().contains(".db") {
            size += file.metadata()?.len();
        }
    }
    Ok(size)
}

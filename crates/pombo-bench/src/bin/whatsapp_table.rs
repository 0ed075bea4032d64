//! The table of the WhatsApp channel's benchmarks: the server beside a simulated network in a process of its own, both on this
//! machine. `whatsapp-table [ROW...]`; rows: link memory inbound throughput send restore document.
//!
//! The network's phones are real ends of the encryption, so the network takes a good part of the machine.
#![forbid(unsafe_code)]
#![expect(clippy::print_stderr, reason = "a program for the command line")]

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use pombo_bench::frames::{WebSocket, kind};
use pombo_bench::histogram::Histogram;
use pombo_bench::http::{Connection, head};
use pombo_bench::network::Network;
use pombo_bench::server::{self, KEY, Server};
use pombo_bench::table::{Row, Table};
use pombo_bench::template::{Template, age, find};
use pombo_bench::usage::Usage;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until, timeout};

/// How long each load runs; `BENCH_SECONDS` changes it.
const SECONDS: u64 = 8;
/// How long anything that should happen is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// Instances that are linked at the same time.
const AT_ONCE: usize = 4;

fn main() -> ExitCode {
    let chosen: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    match runtime.block_on(table(&chosen)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn table(chosen: &[String]) -> io::Result<()> {
    let seconds = std::env::var("BENCH_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(SECONDS);
    let bench = Bench {
        program: server::program()?,
        // Below the ports that outgoing connections get.
        port: 20_000 + u16::try_from(std::process::id() % 10_000).unwrap_or(0),
        time: Duration::from_secs(seconds),
    };
    let mut table = Table::new();
    for name in [
        "link",
        "memory",
        "inbound",
        "throughput",
        "send",
        "restore",
        "document",
    ] {
        if !chosen.is_empty() && !chosen.iter().any(|row| row == name) {
            continue;
        }
        table.add(match name {
            "link" => bench.link().await?,
            "memory" => bench.memory().await?,
            "inbound" => bench.inbound().await?,
            "throughput" => bench.throughput().await?,
            "send" => bench.send().await?,
            "restore" => bench.restore().await?,
            _ => bench.document().await?,
        });
    }
    table.details();
    Ok(())
}

struct Bench {
    program: PathBuf,
    port: u16,
    time: Duration,
}

/// A network and a server that is pointed at it.
struct World {
    network: Arc<Network>,
    server: Server,
    data: TempDir,
}

/// The number of an account that is linked.
fn account(index: usize) -> String {
    format!("551190{index:07}")
}

/// The number of a person with nothing but a phone.
fn person(index: usize) -> String {
    format!("551180{index:07}")
}

fn name(index: usize) -> String {
    format!("a{index}")
}

impl Bench {
    async fn server(&self, data: &Path, network: &Network) -> io::Result<Server> {
        let variables = [
            ("POMBO_SIMULATOR_URL", network.url.as_str()),
            ("CONFIG_SESSION_PHONE_VERSION", "2.3000.1033105955"),
        ];
        Server::start_with(&self.program, data, self.port, &variables).await
    }

    async fn world(&self) -> io::Result<World> {
        let network = Network::start(&self.program).await?;
        let data = tempfile::tempdir()?;
        let server = self.server(data.path(), &network).await?;
        Ok(World {
            network: Arc::new(network),
            server,
            data,
        })
    }

    /// Twenty accounts, one after the other.
    async fn link(&self) -> io::Result<Vec<Row>> {
        let world = self.world().await?;
        let mut times = Vec::new();
        for index in 0..20 {
            times.push(link(&world.server.address, &world.network, index).await?);
        }
        world.server.stop().await?;
        times.sort();
        let median = times[times.len() / 2];
        Ok(vec![Row {
            what: "create to `open`, the phone scans at once (300 ms of it is the network's pause), p50",
            measured: format!("{} ms", median.as_millis()),
            target: "450 ms",
            original: "650 ms",
            reached: median <= Duration::from_millis(450),
            details: format!("{times:?}"),
        }])
    }

    async fn memory(&self) -> io::Result<Vec<Row>> {
        let world = self.world().await?;
        link_many(&world, 0..10).await?;
        let few = world.server.resident_mb().await;
        link_many(&world, 10..110).await?;
        // What linking left behind comes and goes.
        sleep(Duration::from_secs(5)).await;
        let many = world.server.resident_mb().await;
        world.server.stop().await?;
        let each = (many - few) / 100.0;
        Ok(vec![Row {
            what: "memory per further connected, idle account, SQLite",
            measured: format!("{each:.2} MB"),
            target: "1.2 MB",
            original: "6.3 to 7.1 MB",
            reached: each <= 1.2,
            details: format!("{few:.1} MB with 10 accounts, {many:.1} MB with 110"),
        }])
    }

    /// One account at 5 and 20 messages in a second.
    async fn inbound(&self) -> io::Result<Vec<Row>> {
        let world = self.world().await?;
        link_many(&world, 0..1).await?;
        people(&world.network, 4).await?;
        let mut rows = Vec::new();
        for (rate, what, original) in [
            (
                5.0,
                "inbound text from phone to Socket.IO client at 5/s, p50 / p99",
                "16 to 19 / 28 to 32 ms",
            ),
            (
                20.0,
                "inbound text from phone to Socket.IO client at 20/s, p50 / p99",
                "41 / 62 to 98 ms",
            ),
        ] {
            let load = Load {
                accounts: 1,
                people: 4,
                posters: 4,
                rate: Some(rate),
                time: self.time,
            };
            let seen = load.run(&world).await?;
            let (median, tail) = (seen.took.milliseconds(0.5), seen.took.milliseconds(0.99));
            rows.push(Row {
                what,
                measured: format!("{median:.1} / {tail:.1} ms"),
                target: "4 / 15 ms",
                original,
                reached: median <= 4.0 && tail <= 15.0 && seen.complete(),
                details: seen.text(),
            });
        }
        world.server.stop().await?;
        Ok(rows)
    }

    /// As many messages as the phones can send.
    async fn throughput(&self) -> io::Result<Vec<Row>> {
        let world = self.world().await?;
        link_many(&world, 0..20).await?;
        people(&world.network, 20).await?;
        let mut rows = Vec::new();
        for (accounts, what, target, wanted, original) in [
            (
                1,
                "inbound texts, one account",
                "500/s",
                500.0,
                "46 to 59/s",
            ),
            (
                20,
                "inbound texts, twenty accounts",
                "1,000/s",
                1000.0,
                "62 to 65/s",
            ),
        ] {
            let load = Load {
                accounts,
                people: 20,
                posters: 20,
                rate: None,
                time: self.time,
            };
            let seen = load.run(&world).await?;
            rows.push(Row {
                what,
                measured: format!("{:.0}/s", seen.per_second()),
                target,
                original,
                reached: seen.per_second() >= wanted && seen.complete(),
                details: seen.text(),
            });
            let each = seen.cpu_per_message();
            rows.push(Row {
                what: "the same, the server's processor time per message",
                measured: format!("{each:.2} ms"),
                target: "1.5 ms",
                original: "16 to 29 ms",
                reached: each <= 1.5,
                details: String::new(),
            });
        }
        world.server.stop().await?;
        Ok(rows)
    }

    async fn send(&self) -> io::Result<Vec<Row>> {
        let world = self.world().await?;
        link_many(&world, 0..20).await?;
        people(&world.network, 20).await?;
        let address = world.server.address.clone();
        // Sessions are there before it is measured.
        for index in 0..20 {
            send_text(&mut Connection::to(&address), index, index).await?;
        }
        let (heard, mut acks) = mpsc::channel(4096);
        let listening = listen(&address, &name(0), "\"messages.update\"", heard).await?;
        let took = Arc::new(Histogram::default());
        let answered = Histogram::default();
        let start = Instant::now();
        let mut connection = Connection::to(&address);
        let mut lost = 0;
        while start.elapsed() < self.time {
            let asked = Instant::now();
            let id = send_text(&mut connection, 0, 0).await?;
            answered.add(asked.elapsed());
            let acked = timeout(Duration::from_secs(5), async {
                while let Some((at, text)) = acks.recv().await {
                    let text: Vec<u8> = text;
                    if find(&text, id.as_bytes()).is_some() && find(&text, b"SERVER_ACK").is_some()
                    {
                        return Some(at);
                    }
                }
                None
            })
            .await;
            match acked {
                Ok(Some(at)) => took.add(at - asked),
                Ok(None) | Err(_) => lost += 1,
            }
        }
        listening.abort();
        let one = Row {
            what: "`sendText` one at a time, to the server's ack, p50",
            measured: format!("{:.1} ms", took.milliseconds(0.5)),
            target: "4 ms",
            original: "8 to 9 ms",
            reached: took.milliseconds(0.5) <= 4.0 && lost == 0,
            details: format!(
                "{} sent, {lost} without ack; ack p99 {:.1} ms; answer p50 {:.1} ms, p99 {:.1} ms",
                answered.count(),
                took.milliseconds(0.99),
                answered.milliseconds(0.5),
                answered.milliseconds(0.99)
            ),
        };
        let many = self.send_in_parallel(&world).await?;
        world.server.stop().await?;
        Ok(vec![one, many])
    }

    async fn send_in_parallel(&self, world: &World) -> io::Result<Row> {
        let took = Arc::new(Histogram::default());
        let next = Arc::new(AtomicU64::new(0));
        let before = Usage::of(world.server.pid());
        let (start, time) = (Instant::now(), self.time);
        let mut senders = JoinSet::new();
        for _ in 0..16 {
            let (took, next) = (Arc::clone(&took), Arc::clone(&next));
            let address = world.server.address.clone();
            senders.spawn(async move {
                let mut connection = Connection::to(&address);
                while start.elapsed() < time {
                    let index = next.fetch_add(1, Relaxed) as usize % 20;
                    let asked = Instant::now();
                    send_text(&mut connection, index, index).await?;
                    took.add(asked.elapsed());
                }
                io::Result::Ok(())
            });
        }
        while let Some(done) = senders.join_next().await {
            done.map_err(io::Error::other)??;
        }
        let seconds = start.elapsed().as_secs_f64();
        let each = cpu_between(before, Usage::of(world.server.pid())) / took.count().max(1) as f64;
        let rate = took.count() as f64 / seconds;
        Ok(Row {
            what: "`sendText` over 20 accounts, 16 in flight",
            measured: format!("{rate:.0}/s"),
            target: "700/s",
            original: "72 to 92/s",
            reached: rate >= 700.0,
            details: format!(
                "answer p50 {:.1} ms, p99 {:.1} ms; {:.2} ms of the server's CPU for one",
                took.milliseconds(0.5),
                took.milliseconds(0.99),
                each * 1e3
            ),
        })
    }

    async fn restore(&self) -> io::Result<Vec<Row>> {
        const ACCOUNTS: usize = 200;
        let world = self.world().await?;
        link_many(&world, 0..ACCOUNTS).await?;
        let World {
            network,
            server,
            data,
        } = world;
        server.stop().await?;
        let start = Instant::now();
        let server = self.server(data.path(), &network).await?;
        let mut first = None;
        let opened = loop {
            let open = count_open(&server).await?;
            if open > 0 && first.is_none() {
                first = Some(start.elapsed());
            }
            if open == ACCOUNTS {
                break start.elapsed();
            }
            if start.elapsed() > PATIENCE * 2 {
                return Err(io::Error::other(format!(
                    "only {open} of {ACCOUNTS} came back"
                )));
            }
            sleep(Duration::from_millis(20)).await;
        };
        let usage = Usage::of(server.pid());
        server.stop().await?;
        Ok(vec![Row {
            what: "200 accounts restored after a restart",
            measured: format!("{:.1} s", opened.as_secs_f64()),
            target: "10 s",
            original: "",
            reached: opened <= Duration::from_secs(10),
            details: format!("the first after {first:?}; {usage:?}"),
        }])
    }

    /// From one account to the other, and from there to whoever asks.
    async fn document(&self) -> io::Result<Vec<Row>> {
        const SIZE: usize = 100 * 1024 * 1024;
        let world = self.world().await?;
        link_many(&world, 0..2).await?;
        let address = world.server.address.clone();
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("large.bin");
        // Not to be compressed.
        let mut bytes = vec![0_u8; SIZE];
        rand::RngExt::fill(&mut rand::rng(), &mut bytes[..]);
        tokio::fs::write(&path, &bytes).await?;
        drop(bytes);
        let (heard, mut events) = mpsc::channel(64);
        let listening = listen(&address, &name(1), "\"messages.upsert\"", heard).await?;
        // Sessions, and whatever the first message needs.
        let mut connection = Connection::to(&address);
        let warm = json!({"number": account(1), "text": "first"});
        post(&mut connection, &address, "/message/sendText/a0", &warm).await?;
        wait_for(&mut events, b"first").await?;
        let before = world.server.resident_mb().await;
        Usage::forget_peak(world.server.pid())?;
        let start = Instant::now();
        curl(&[
            "-F",
            &format!("number={}", account(1)),
            "-F",
            "mediatype=document",
            "-F",
            "fileName=large.bin",
            "-F",
            &format!("file=@{}", path.display()),
            &format!("http://{address}/message/sendMedia/a0"),
        ])
        .await?;
        let sent = start.elapsed();
        let after_send = peak_mb(&world.server);
        let event = wait_for(&mut events, b"documentMessage").await?;
        let at = find(&event, b"\"id\":\"").map_or(0, |at| at + 6);
        let id: String = event[at..]
            .iter()
            .take_while(|byte| **byte != b'"')
            .map(|byte| char::from(*byte))
            .collect();
        let start = Instant::now();
        let answer = folder.path().join("answer.json");
        curl(&[
            "-H",
            "Content-Type: application/json",
            "-d",
            &json!({"message": {"key": {"id": id}}}).to_string(),
            "-o",
            &answer.display().to_string(),
            &format!("http://{address}/chat/getBase64FromMediaMessage/a1"),
        ])
        .await?;
        let fetched = start.elapsed();
        let peak = peak_mb(&world.server);
        listening.abort();
        let length = tokio::fs::metadata(&answer).await?.len();
        if length < SIZE as u64 * 4 / 3 {
            let text = tokio::fs::read_to_string(&answer).await?;
            return Err(io::Error::other(format!(
                "not the file: {}",
                text.chars().take(300).collect::<String>()
            )));
        }
        world.server.stop().await?;
        let grown = peak - before;
        Ok(vec![Row {
            what: "a 100 MB document sent and received: memory grows by",
            measured: format!("{grown:.1} MB"),
            target: "20 MB",
            original: "",
            reached: grown < 20.0,
            details: format!(
                "sent in {:.1} s, peak {after_send:.1} MB; fetched in {:.1} s, peak {peak:.1} MB; {before:.1} MB before",
                sent.as_secs_f64(),
                fetched.as_secs_f64()
            ),
        }])
    }
}

fn peak_mb(server: &Server) -> f64 {
    Usage::peak_kib(server.pid()).map_or(0.0, |peak| peak as f64 / 1024.0)
}

async fn curl(arguments: &[&str]) -> io::Result<()> {
    let done = tokio::process::Command::new("curl")
        .args(["-sS", "--fail-with-body", "-H"])
        .arg(format!("apikey: {KEY}"))
        .args(arguments)
        .output()
        .await?;
    if done.status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "{}{}",
        String::from_utf8_lossy(&done.stderr),
        String::from_utf8_lossy(&done.stdout)
            .chars()
            .take(400)
            .collect::<String>()
    )))
}

/// Messages from phones.
struct Load {
    accounts: usize,
    people: usize,
    /// Messages that may be under way to the network at once.
    posters: usize,
    /// Messages in a second; `None`: as many as possible.
    rate: Option<f64>,
    time: Duration,
}

/// What came of it.
struct Seen {
    sent: u64,
    arrived: u64,
    seconds: f64,
    cpu_seconds: f64,
    took: Arc<Histogram>,
}

impl Seen {
    fn complete(&self) -> bool {
        self.sent == self.arrived
    }

    fn per_second(&self) -> f64 {
        self.arrived as f64 / self.seconds
    }

    /// In milliseconds.
    fn cpu_per_message(&self) -> f64 {
        self.cpu_seconds * 1e3 / self.arrived.max(1) as f64
    }

    fn text(&self) -> String {
        format!(
            "{} sent, {} arrived in {:.1} s; p50 {:.1} ms, p99 {:.1} ms, at most {:.1} ms; {:.2} ms of the server's CPU for one",
            self.sent,
            self.arrived,
            self.seconds,
            self.took.milliseconds(0.5),
            self.took.milliseconds(0.99),
            self.took.longest(),
            self.cpu_per_message()
        )
    }
}

impl Load {
    async fn run(&self, world: &World) -> io::Result<Seen> {
        let (address, network) = (world.server.address.clone(), &world.network);
        let arrived = Arc::new(AtomicU64::new(0));
        let took = Arc::new(Histogram::default());
        let mut listening = JoinSet::new();
        for index in 0..self.accounts {
            let (heard, mut events) = mpsc::channel::<(Instant, Vec<u8>)>(4096);
            let task = listen(&address, &name(index), "\"messages.upsert\"", heard).await?;
            let (arrived, took) = (Arc::clone(&arrived), Arc::clone(&took));
            listening.spawn(async move {
                let _task = Abort(task);
                while let Some((_, text)) = events.recv().await {
                    if let Some(age) = age(&text) {
                        took.add(age);
                        arrived.fetch_add(1, Relaxed);
                    }
                }
            });
        }
        // Everybody has a session with everybody before it is measured.
        for from in 0..self.people {
            for to in (0..self.accounts).filter(|to| self.accounts == 1 || to % self.people == from)
            {
                say(network, from, to, "hello").await?;
            }
        }
        sleep(Duration::from_secs(2)).await;
        let before = Usage::of(world.server.pid());
        let start = Instant::now();
        let next = Arc::new(AtomicU64::new(0));
        let sent = Arc::new(AtomicU64::new(0));
        let body = Template::new("@t={{ts}}@ {{seq}} a text as people send it", 0);
        let mut posting = JoinSet::new();
        for poster in 0..self.posters {
            let (network, body, next, sent) = (
                Arc::clone(network),
                body.clone(),
                Arc::clone(&next),
                Arc::clone(&sent),
            );
            let (accounts, people, rate, time) = (self.accounts, self.people, self.rate, self.time);
            posting.spawn(async move {
                loop {
                    let number = next.fetch_add(1, Relaxed);
                    if let Some(rate) = rate {
                        let due = start + Duration::from_secs_f64(number as f64 / rate);
                        sleep_until(due.into()).await;
                    }
                    if start.elapsed() >= time {
                        return io::Result::Ok(());
                    }
                    // Each poster has a phone of its own, which keeps to one account.
                    let from = poster % people;
                    say(&network, from, from % accounts, &body.fill(number)).await?;
                    sent.fetch_add(1, Relaxed);
                }
            });
        }
        while let Some(done) = posting.join_next().await {
            done.map_err(io::Error::other)??;
        }
        let sent = sent.load(Relaxed);
        let deadline = Instant::now() + PATIENCE;
        while arrived.load(Relaxed) < sent && Instant::now() < deadline {
            sleep(Duration::from_millis(5)).await;
        }
        let seconds = start.elapsed().as_secs_f64();
        let cpu_seconds = cpu_between(before, Usage::of(world.server.pid()));
        listening.shutdown().await;
        Ok(Seen {
            sent,
            arrived: arrived.load(Relaxed),
            seconds,
            cpu_seconds,
            took,
        })
    }
}

/// Ends a task with its owner.
struct Abort(tokio::task::JoinHandle<()>);

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn cpu_between(before: Option<Usage>, after: Option<Usage>) -> f64 {
    before.zip(after).map_or(0.0, |(before, after)| {
        after.cpu_seconds - before.cpu_seconds
    })
}

async fn say(network: &Network, from: usize, to: usize, text: &str) -> io::Result<()> {
    let path = format!("/admin/phones/{}/messages", person(from));
    let body = json!({"to": account(to), "content": {"kind": "text", "text": text}});
    network.ask("POST", &path, &body).await?;
    Ok(())
}

async fn people(network: &Network, count: usize) -> io::Result<()> {
    for index in 0..count {
        network.phone(&person(index)).await?;
    }
    Ok(())
}

async fn post(
    connection: &mut Connection,
    address: &str,
    path: &str,
    body: &Value,
) -> io::Result<Value> {
    let head = head("POST", path, address, &[format!("apikey: {KEY}")]);
    let (status, text) = connection.ask(&head, &body.to_string()).await?;
    match status {
        200..=299 => Ok(serde_json::from_slice(&text).unwrap_or_default()),
        status => Err(io::Error::other(format!(
            "{path} answered {status}: {}",
            String::from_utf8_lossy(&text)
        ))),
    }
}

/// The message's id.
async fn send_text(connection: &mut Connection, from: usize, to: usize) -> io::Result<String> {
    let body = json!({"number": person(to), "text": "a text as people send it"});
    let path = format!("/message/sendText/{}", name(from));
    let address = connection.address().to_owned();
    let answer = post(connection, &address, &path, &body).await?;
    answer["key"]["id"]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| io::Error::other(format!("no id: {answer}")))
}

/// Creates an instance and lets a phone scan its code; from the request to `open`.
async fn link(address: &str, network: &Network, index: usize) -> io::Result<Duration> {
    let number = account(index);
    network.phone(&number).await?;
    let websocket = json!({"enabled": true, "events": ["MESSAGES_UPSERT", "MESSAGES_UPDATE"]});
    let body = json!({"instanceName": name(index), "integration": "WHATSAPP-BAILEYS", "qrcode": true, "websocket": websocket});
    let mut connection = Connection::to(address);
    let start = Instant::now();
    let created = post(&mut connection, address, "/instance/create", &body).await?;
    let code = created["qrcode"]["code"]
        .as_str()
        .ok_or_else(|| io::Error::other(format!("no code: {created}")))?;
    network.scan(&number, code).await?;
    let ask = head(
        "GET",
        &format!("/instance/connectionState/{}", name(index)),
        address,
        &[format!("apikey: {KEY}")],
    );
    loop {
        let (_, text) = connection.ask(&ask, "").await?;
        if find(&text, b"\"open\"").is_some() {
            return Ok(start.elapsed());
        }
        if start.elapsed() > PATIENCE {
            return Err(io::Error::other(format!(
                "{} is not open: {}",
                name(index),
                String::from_utf8_lossy(&text)
            )));
        }
        sleep(Duration::from_millis(2)).await;
    }
}

async fn link_many(world: &World, indices: std::ops::Range<usize>) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut linking = JoinSet::new();
    for index in indices {
        let (places, network) = (Arc::clone(&places), Arc::clone(&world.network));
        let address = world.server.address.clone();
        linking.spawn(async move {
            let _place = places.acquire().await.map_err(io::Error::other)?;
            link(&address, &network, index).await
        });
    }
    while let Some(done) = linking.join_next().await {
        done.map_err(io::Error::other)??;
    }
    Ok(())
}

async fn count_open(server: &Server) -> io::Result<usize> {
    let all = server
        .ask("GET", "/instance/fetchInstances", &Value::Null)
        .await?;
    let open = all.as_array().map_or(0, |all| {
        all.iter()
            .filter(|instance| instance["connectionStatus"] == "open")
            .count()
    });
    Ok(open)
}

/// A Socket.IO client of one instance; events with this text in them are handed on with the time at which they came.
async fn listen(
    address: &str,
    instance: &str,
    event: &'static str,
    heard: mpsc::Sender<(Instant, Vec<u8>)>,
) -> io::Result<tokio::task::JoinHandle<()>> {
    let target = format!("/socket.io/?EIO=4&transport=websocket&apikey={KEY}");
    let mut socket = WebSocket::open(address, &target, "").await?;
    socket.text().await?;
    socket
        .send(kind::TEXT, format!("40/{instance},").as_bytes())
        .await?;
    while !socket.text().await?.starts_with("40/") {}
    Ok(tokio::spawn(async move {
        while let Ok((kind, content)) = socket.next().await {
            let content = socket.bytes(content);
            if kind == kind::TEXT && content == b"2" {
                if socket.send(kind::TEXT, b"3").await.is_err() {
                    return;
                }
            } else if find(content, event.as_bytes()).is_some() {
                let event = (Instant::now(), content.to_vec());
                if heard.send(event).await.is_err() {
                    return;
                }
            }
        }
    }))
}

async fn wait_for(
    events: &mut mpsc::Receiver<(Instant, Vec<u8>)>,
    text: &[u8],
) -> io::Result<Vec<u8>> {
    let waiting = async {
        while let Some((_, event)) = events.recv().await {
            if find(&event, text).is_some() {
                return Some(event);
            }
        }
        None
    };
    match timeout(PATIENCE, waiting).await {
        Ok(Some(event)) => Ok(event),
        Ok(None) | Err(_) => Err(io::Error::other(format!(
            "no event with {}",
            String::from_utf8_lossy(text)
        ))),
    }
}

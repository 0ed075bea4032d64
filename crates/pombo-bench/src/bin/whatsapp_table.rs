//! The table of the WhatsApp channel's benchmarks: the server beside a simulated network in a process of its own, both on this
//! machine. `whatsapp-table [ROW...]`; rows: link memory inbound throughput send restore document.
//!
//! The network's phones are real ends of the encryption, so the network takes a good part of the machine.
#![forbid(unsafe_code)]

use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use pombo_bench::accounts::{
    PATIENCE, World, account, count_open, headers, link, link_many, listen, name, people,
    send_text, wait_for,
};
use pombo_bench::chatter::{Load, cpu_between};
use pombo_bench::histogram::Histogram;
use pombo_bench::http::Connection;
use pombo_bench::network::Network;
use pombo_bench::server::{KEY, Server};
use pombo_bench::setup::Setup;
use pombo_bench::table::{Row, Table};
use pombo_bench::template::find;
use pombo_bench::usage::Usage;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

fn main() -> ExitCode {
    Setup::run(table)
}

async fn table(setup: Setup) -> io::Result<()> {
    let bench = Bench(setup);
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
        if !bench.0.wants(name) {
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

struct Bench(Setup);

impl Bench {
    async fn server(&self, data: &Path, network: &Network) -> io::Result<Server> {
        let variables = [
            ("POMBO_SIMULATOR_URL", network.url.as_str()),
            ("CONFIG_SESSION_PHONE_VERSION", "2.3000.1033105955"),
        ];
        Server::start_with(&self.0.program, data, self.0.port, &variables).await
    }

    async fn world(&self) -> io::Result<World> {
        let network = Network::start(&self.0.program).await?;
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
                time: self.0.time,
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
                time: self.0.time,
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
        while start.elapsed() < self.0.time {
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
        drop(listening);
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
        let (start, time) = (Instant::now(), self.0.time);
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
        connection
            .ask_json(&headers(), "POST", "/message/sendText/a0", &warm)
            .await?;
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
        drop(listening);
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

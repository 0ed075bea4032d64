//! The table of benchmarks: each row a bounded load on a fresh server, beside its target and the original's figure.
//! `bench-table [ROW...]`; rows: start, memory, state, inbound, one, fan-out, idle, find, backlog; and `waiting`, which takes
//! minutes and is done only when it is asked for.
#![forbid(unsafe_code)]

use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use pombo_bench::backlog::{self, Receiver};
use pombo_bench::histogram::Histogram;
use pombo_bench::http;
use pombo_bench::server::{KEY, Server};
use pombo_bench::setup::Setup;
use pombo_bench::socketio::{self, Mode};
use pombo_bench::table::{Row, Table};
use pombo_bench::template::Template;
use pombo_bench::waiting::{self, Latencies};
use serde_json::json;
use tempfile::TempDir;

const NUMBER: &str = "5511900000001";
const MESSAGE: &str = r#"{"numberId":"5511900000001","pushName":"Ann","messageType":"conversation","message":{"conversation":"@t={{ts}}@ {{seq}} {{pad}}"},"key":{"id":"BENCH{{seq}}","remoteJid":"551188{{chat}}@s.whatsapp.net","fromMe":false}}"#;

/// To whom.
type Part = fn(&Latencies) -> &Histogram;

/// What all rows need.
struct Bench {
    setup: Setup,
    numbers: u64,
}

fn main() -> ExitCode {
    Setup::run(table)
}

async fn table(setup: Setup) -> io::Result<()> {
    let mut bench = Bench { setup, numbers: 0 };
    let mut table = Table::new();
    for name in [
        "start", "memory", "state", "inbound", "one", "fan-out", "idle", "find", "backlog",
        "waiting",
    ] {
        let wanted = if name == "waiting" {
            bench.setup.asks_for(name)
        } else {
            bench.setup.wants(name)
        };
        if !wanted {
            continue;
        }
        let rows = match name {
            "start" => bench.start_time().await?,
            "memory" => bench.memory().await?,
            "state" => bench.state().await?,
            "inbound" => bench.inbound().await?,
            "one" => bench.one_client().await?,
            "fan-out" => bench.fan_out().await?,
            "idle" => bench.idle_clients().await?,
            "backlog" => bench.backlogs().await?,
            "waiting" => bench.waiting().await?,
            _ => bench.find_messages().await?,
        };
        table.add(rows);
    }
    table.details();
    Ok(())
}

impl Bench {
    async fn server(&self, data: &Path) -> io::Result<Server> {
        Server::start(&self.setup.program, data, self.setup.port).await
    }

    /// A fresh server with one instance, subscribed to incoming messages.
    async fn fresh(&self) -> io::Result<(Server, String, TempDir)> {
        let data = tempfile::tempdir()?;
        let server = self.server(data.path()).await?;
        let token = create(&server, "acme", NUMBER).await?;
        Ok((server, token, data))
    }

    /// Numbers that no load before had.
    fn numbers(&mut self) -> u64 {
        self.numbers += 100_000_000;
        self.numbers
    }

    fn sockets(&mut self, server: &Server, clients: u64, mode: Mode, pad: usize) -> socketio::Load {
        socketio::Load {
            address: server.address.clone(),
            namespace: "/acme".to_owned(),
            key: KEY.to_owned(),
            clients,
            ramp: 200,
            event: "\"messages.upsert\"".to_owned(),
            post: "/webhook/evolution".to_owned(),
            body: Template::new(MESSAGE, pad),
            mode,
            posters: match mode {
                Mode::Window(window) => window,
                Mode::Rate(_) | Mode::Idle => 1,
            },
            time: self.setup.time,
            settle: Duration::from_secs(1),
            grace: Duration::from_secs(10),
            pid: server.pid(),
            first: self.numbers(),
        }
    }

    fn requests(
        &self,
        server: &Server,
        method: &str,
        path: &str,
        key: &str,
        body: Template,
        connections: u64,
    ) -> http::Load {
        http::Load {
            address: server.address.clone(),
            method: method.to_owned(),
            path: Template::new(path, 0),
            headers: vec![format!("apikey: {key}")],
            body,
            connections,
            time: self.setup.time,
            first: 0,
        }
    }

    async fn start_time(&self) -> io::Result<Vec<Row>> {
        let data = with_instances(self, 100).await?;
        let mut times = Vec::new();
        for _ in 0..7 {
            let server = self.server(data.path()).await?;
            times.push(server.took);
            server.stop().await?;
        }
        times.sort();
        let median = times[times.len() / 2];
        Ok(vec![Row {
            what: "start until the port answers, 100 instances",
            measured: format!("{} ms", median.as_millis()),
            target: "150 ms",
            original: "2.1 s",
            reached: median <= Duration::from_millis(150),
            details: format!("median of {times:?}"),
        }])
    }

    async fn memory(&self) -> io::Result<Vec<Row>> {
        let empty = tempfile::tempdir()?;
        let server = self.server(empty.path()).await?;
        let idle = server.resident_mb().await;
        server.stop().await?;
        let data = with_instances(self, 100).await?;
        let server = self.server(data.path()).await?;
        let full = server.resident_mb().await;
        server.stop().await?;
        Ok(vec![
            Row {
                what: "resident memory, idle",
                measured: format!("{idle:.1} MB"),
                target: "25 MB",
                original: "200 MB",
                reached: idle <= 25.0,
                details: String::new(),
            },
            Row {
                what: "resident memory, 100 instances",
                measured: format!("{full:.1} MB"),
                target: "30 MB",
                original: "226 MB",
                reached: full <= 30.0,
                details: String::new(),
            },
        ])
    }

    async fn state(&self) -> io::Result<Vec<Row>> {
        let (server, token, _data) = self.fresh().await?;
        let load = self.requests(
            &server,
            "GET",
            "/instance/connectionState/acme",
            &token,
            Template::new("", 0),
            32,
        );
        let before = cpu(&server);
        let report = http::run(&load).await;
        let used = cpu(&server) - before;
        let per_request = used * 1e6 / report.good.max(1) as f64;
        server.stop().await?;
        Ok(vec![Row {
            what: "connectionState with an instance token, 32 connections",
            measured: format!("{:.0}/s", report.per_second()),
            target: "20,000/s",
            original: "590 to 1,360/s",
            reached: report.per_second() >= 20_000.0 && report.bad == 0,
            details: format!(
                "server CPU {per_request:.1} µs per request; {}",
                report.json()
            ),
        }])
    }

    async fn inbound(&mut self) -> io::Result<Vec<Row>> {
        let (server, _, _data) = self.fresh().await?;
        // Somebody listens, so that every message is emitted too.
        let mut listening = self.sockets(&server, 1, Mode::Idle, 0);
        listening.settle = Duration::ZERO;
        listening.time = self.setup.time + Duration::from_secs(4);
        let listener = tokio::spawn(socketio::run(listening));
        tokio::time::sleep(Duration::from_millis(1000)).await;
        let mut load = self.requests(
            &server,
            "POST",
            "/webhook/evolution",
            KEY,
            Template::new(MESSAGE, 100),
            32,
        );
        load.first = self.numbers();
        let before = cpu(&server);
        let report = http::run(&load).await;
        let used = cpu(&server) - before;
        let seen = listener.await.map_err(io::Error::other)?;
        let told = seen.delivered;
        let stored = server
            .ask("POST", "/chat/findMessages/acme", &json!({"offset": 1}))
            .await?["messages"]["total"]
            .as_u64();
        let per_message = used * 1e6 / report.good.max(1) as f64;
        let complete = told == report.good && stored == Some(report.good);
        server.stop().await?;
        Ok(vec![Row {
            what: "inbound message stored, logged and emitted, 32 connections, synchronous=FULL",
            measured: format!("{:.0}/s", report.per_second()),
            target: "3,000/s",
            original: "58 to 108/s",
            reached: report.per_second() >= 3000.0 && report.bad == 0 && complete,
            details: format!(
                "server CPU {per_message:.0} µs per message; stored {stored:?}, emitted {told}; {}",
                report.json()
            ),
        }])
    }

    async fn one_client(&mut self) -> io::Result<Vec<Row>> {
        let (server, _, _data) = self.fresh().await?;
        let report = socketio::run(self.sockets(&server, 1, Mode::Window(1), 700)).await;
        let (median, tail) = (
            report.took.milliseconds(0.5),
            report.took.milliseconds(0.99),
        );
        server.stop().await?;
        Ok(vec![Row {
            what: "one Socket.IO client, one message in flight, inbound POST to event, p50 / p99",
            measured: format!("{median:.2} / {tail:.2} ms"),
            target: "1.5 / 6 ms",
            original: "18 to 38 / 56 to 61 ms",
            reached: median <= 1.5 && tail <= 6.0 && report.missing == 0,
            details: report.json().to_string(),
        }])
    }

    async fn fan_out(&mut self) -> io::Result<Vec<Row>> {
        let (server, _, _data) = self.fresh().await?;
        let report = socketio::run(self.sockets(&server, 1000, Mode::Window(8), 700)).await;
        let one_poster = socketio::Load {
            posters: 1,
            ..self.sockets(&server, 1000, Mode::Window(8), 700)
        };
        let in_turn = socketio::run(one_poster).await;
        server.stop().await?;
        let measured = |report: &socketio::Report| {
            format!(
                "{:.0} deliveries/s, {} lost",
                report.per_second(),
                report.missing
            )
        };
        Ok(vec![
            Row {
                what: "1000 clients on one namespace, 8 events in flight",
                measured: measured(&report),
                target: "200,000/s, none lost",
                original: "17,000 to 25,000/s",
                reached: report.per_second() >= 200_000.0 && report.missing == 0,
                details: report.json().to_string(),
            },
            Row {
                what: "the same, but each post waits for the answer to the one before",
                measured: measured(&in_turn),
                target: "",
                original: "",
                reached: true,
                details: in_turn.json().to_string(),
            },
        ])
    }

    async fn idle_clients(&mut self) -> io::Result<Vec<Row>> {
        let (server, _, _data) = self.fresh().await?;
        let mut load = self.sockets(&server, 2000, Mode::Idle, 0);
        load.time = Duration::from_secs(1);
        let report = socketio::run(load).await;
        let each = report.kib_per_client().unwrap_or(f64::INFINITY);
        server.stop().await?;
        Ok(vec![Row {
            what: "memory per idle Socket.IO client",
            measured: format!("{each:.1} KB"),
            target: "30 KB",
            original: "",
            reached: each <= 30.0 && report.lost == 0,
            details: report.json().to_string(),
        }])
    }

    /// RabbitMQ and NATS must be there.
    async fn backlogs(&self) -> io::Result<Vec<Row>> {
        let mut rows = Vec::new();
        for (receiver, what, events, target, wanted) in [
            (
                Receiver::Webhook,
                "a backlog of events to one webhook on this machine",
                20_000,
                "3,000/s",
                3000.0,
            ),
            (
                Receiver::Rabbitmq,
                "a backlog of events to RabbitMQ, each confirmed",
                40_000,
                "10,000/s",
                10_000.0,
            ),
            (
                Receiver::Nats,
                "a backlog of events to NATS, each read by the server",
                60_000,
                "20,000/s",
                20_000.0,
            ),
        ] {
            let report =
                backlog::run(&self.setup.program, self.setup.port, receiver, events).await?;
            rows.push(Row {
                what,
                measured: format!("{:.0}/s", report.per_second()),
                target,
                original: "",
                reached: report.per_second() >= wanted,
                details: format!(
                    "{} events in {:.2} s; {:.0} µs of the server's CPU for one",
                    report.events,
                    report.seconds,
                    report.cpu_seconds * 1e6 / report.events as f64
                ),
            });
        }
        Ok(rows)
    }

    /// A million events, or `BENCH_WAITING`.
    async fn waiting(&self) -> io::Result<Vec<Row>> {
        let events = std::env::var("BENCH_WAITING")
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(1_000_000);
        let time = self.setup.time * 5;
        let report = waiting::run(&self.setup.program, self.setup.port, events, time).await?;
        let megabytes = |kib: u64| kib as f64 / 1024.0;
        let pair = |part: Part, share| {
            let of = |seen: &Latencies| part(seen).milliseconds(share);
            (of(&report.quiet), of(&report.loaded), of(&report.flooded))
        };
        let mut rows = vec![Row {
            what: "memory while that many events wait: before, at most, in the end",
            measured: format!(
                "{:.1}, {:.1}, {:.1} MB",
                megabytes(report.before_kib),
                megabytes(report.peak_kib),
                megabytes(report.after_kib)
            ),
            target: "64 MB more at most",
            original: "",
            reached: report.waiting >= events
                && megabytes(report.peak_kib) <= megabytes(report.before_kib) + 64.0,
            details: format!(
                "{} events wait, in {:.0} MB of database, after {:.0} s of flood ({:.0}/s); the server uses {:.2} CPUs while it is \
                 measured, the quiet one {:.2}",
                report.waiting,
                report.database_bytes as f64 / 1e6,
                report.flood_seconds,
                report.waiting as f64 / report.flood_seconds,
                report.cpu_share.0,
                report.cpu_share.1,
            ),
        }];
        let parts: [(&str, Part); 2] = [
            (
                "a healthy Socket.IO client, p99: quiet, then while they wait",
                |seen| &seen.client,
            ),
            (
                "a healthy webhook, p99: quiet, then while they wait",
                |seen| &seen.webhook,
            ),
        ];
        for (what, part) in parts {
            let (median, tail) = (pair(part, 0.5), pair(part, 0.99));
            rows.push(Row {
                what,
                measured: format!("{:.1}, {:.1} ms", tail.0, tail.1),
                target: "1.5 times at most",
                original: "",
                reached: tail.1 <= tail.0 * 1.5 && report.loaded.lost == 0,
                details: format!(
                    "p50 {:.2}, then {:.2} ms; during the flood p50 {:.1}, p99 {:.1} ms; {} and {} messages, of which {} and {} \
                     were lost; during the flood {} of {}",
                    median.0,
                    median.1,
                    median.2,
                    tail.2,
                    report.quiet.sent,
                    report.loaded.sent,
                    report.quiet.lost,
                    report.loaded.lost,
                    report.flooded.lost,
                    report.flooded.sent
                ),
            });
        }
        Ok(rows)
    }

    async fn find_messages(&mut self) -> io::Result<Vec<Row>> {
        let data = tempfile::tempdir()?;
        let server = self.server(data.path()).await?;
        for (name, number) in [("thousand", "5511900000011"), ("million", "5511900000012")] {
            create(&server, name, number).await?;
            let first = MESSAGE.replace(NUMBER, number).replace("{{chat}}", "000");
            let first = serde_json::from_str(&Template::new(&first, 100).fill(0))
                .map_err(io::Error::other)?;
            server.ask("POST", "/webhook/evolution", &first).await?;
        }
        server.stop().await?;
        seed(data.path(), "thousand", 1000, 10).await?;
        seed(data.path(), "million", 1_000_000, 1000).await?;
        let server = self.server(data.path()).await?;
        let chat = r#"{"where":{"key":{"remoteJid":"5511800000007@s.whatsapp.net"}},"offset":50}"#;
        let mut rows = Vec::new();
        for (what, body) in [
            (
                "findMessages, newest page, of 1 thousand and 1 million rows, p99",
                r#"{"offset":50}"#,
            ),
            (
                "findMessages, a chat's newest page, of 1 thousand and 1 million rows, p99",
                chat,
            ),
            (
                "findMessages, page 15, of 1 thousand and 1 million rows, p99",
                r#"{"offset":50,"page":15}"#,
            ),
        ] {
            let mut tails = Vec::new();
            let mut details = Vec::new();
            for name in ["thousand", "million"] {
                let path = format!("/chat/findMessages/{name}");
                let report = http::run(&self.requests(
                    &server,
                    "POST",
                    &path,
                    KEY,
                    Template::new(body, 0),
                    1,
                ))
                .await;
                tails.push(report.took.milliseconds(0.99));
                details.push(report.json().to_string());
            }
            rows.push(Row {
                what,
                measured: format!("{:.1} and {:.1} ms", tails[0], tails[1]),
                target: "10 ms",
                original: "",
                reached: tails[1] <= 10.0,
                details: details.join("; "),
            });
        }
        let deep = Template::new(r#"{"offset":50,"page":10000}"#, 0);
        let report =
            http::run(&self.requests(&server, "POST", "/chat/findMessages/million", KEY, deep, 1))
                .await;
        rows.push(Row {
            what: "findMessages, page 10,000 of 1 million rows, p99",
            measured: format!("{:.1} ms", report.took.milliseconds(0.99)),
            target: "",
            original: "",
            reached: true,
            details: report.json().to_string(),
        });
        server.stop().await?;
        Ok(rows)
    }
}

fn cpu(server: &Server) -> f64 {
    pombo_bench::usage::Usage::of(server.pid()).map_or(0.0, |usage| usage.cpu_seconds)
}

/// Its token.
async fn create(server: &Server, name: &str, number: &str) -> io::Result<String> {
    let websocket = json!({"enabled": true, "events": ["MESSAGES_UPSERT"]});
    let body = json!({"instanceName": name, "integration": "EVOLUTION", "number": number, "websocket": websocket});
    let answer = server.ask("POST", "/instance/create", &body).await?;
    answer["hash"]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| io::Error::other(format!("no token: {answer}")))
}

async fn with_instances(bench: &Bench, count: u64) -> io::Result<TempDir> {
    let data = tempfile::tempdir()?;
    let server = bench.server(data.path()).await?;
    for number in 0..count {
        create(
            &server,
            &format!("instance-{number}"),
            &format!("551190{number:07}"),
        )
        .await?;
    }
    server.stop().await?;
    Ok(data)
}

async fn seed(data: &Path, name: &str, messages: u64, chats: u64) -> io::Result<()> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("seed.py");
    let database = std::fs::read_dir(data)?
        .flatten()
        .map(|file| file.path())
        .find(|path| path.extension().is_some_and(|kind| kind == "db"));
    let database = database.ok_or_else(|| io::Error::other("no database in the data directory"))?;
    let status = tokio::process::Command::new("python3")
        .arg(script)
        .arg(database)
        .args([name, &messages.to_string(), &chats.to_string()])
        .status()
        .await?;
    if status.success() {
        Ok(())
    } else {
        Err(io::Error::other(
            "the database could not be filled: python3 is needed",
        ))
    }
}

//! A webhook that never answers, one that is slow, a broker that is not there and a client that does not read delay nobody
//! else, and what waits for them does not wait in memory. `scripts/bench.sh waiting` measures the same with a million events.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use futures_util::StreamExt;
use pombo_tests::{Client, Server, client, until};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::connect_async;

use crate::receiver::Receiver;

/// Events that wait; `POMBO_ISOLATION_EVENTS` changes it. `scripts/isolation.sh` runs it with 100,000.
const EVENTS: usize = 4_000;
/// Every message is told by several events: itself, its contact, its chat.
const EVENTS_PER_MESSAGE: usize = 3;
const SAMPLES: usize = 150;
const PACE: Duration = Duration::from_millis(15);
/// Generous, because the machine does other things too. What it must catch is a delay by a receiver: 30 seconds a piece.
const SLACK: Duration = Duration::from_millis(750);
const FACTOR: u32 = 4;
/// All that waits would be more than this at 100,000 events.
const MORE_MEMORY_KB: u64 = 96 * 1024;

type Arrivals = Arc<Mutex<HashMap<String, Instant>>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_receivers_trouble_is_nobody_elses() {
    let events = std::env::var("POMBO_ISOLATION_EVENTS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(EVENTS);
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port");
    let broker = format!("amqp://guest:guest@{nobody}");
    let settings = [("RABBITMQ_ENABLED", "true"), ("RABBITMQ_URI", &broker)];
    let server = Server::start(&settings).await;
    let client = server.client();
    let fast = Receiver::start(|_| (Duration::ZERO, StatusCode::OK)).await;
    let slow = Receiver::start(|_| (Duration::from_millis(300), StatusCode::OK)).await;
    let hole = BlackHole::open().await;
    let instance = async |name: &str, number: &str, url: &str| {
        let more = json!({"webhook": {"url": url, "events": []}, "websocket": {"enabled": true, "events": []}});
        client.create(name, number, more).await;
    };
    instance("healthy", "551", &fast.url("healthy")).await;
    instance("slow", "552", &slow.url("slow")).await;
    instance("hole", "553", &hole.url).await;
    let all = json!({"rabbitmq": {"enabled": true, "events": []}});
    client.create("broker", "554", all).await;
    let live = follow(&server, "healthy").await;
    let _deaf = deaf(&server, "slow").await;

    let quiet = measure(&client, "quiet", &fast, &live).await;
    let before = memory(&server);
    let flood = tokio::spawn(flood(client.clone(), events / EVENTS_PER_MESSAGE));
    let busy = measure(&client, "busy", &fast, &live).await;
    flood.await.expect("the flood does not fail");
    let waiting = measure(&client, "waiting", &fast, &live).await;
    let after = memory(&server);
    say(&format!(
        "p99 over the webhook and to the client: quiet {quiet:?}, during the flood {busy:?}, while {events} events wait \
         {waiting:?}; memory {before} kB, then {after} kB"
    ));
    for (name, quiet, loaded) in [
        ("webhook", quiet.0, waiting.0),
        ("client", quiet.1, waiting.1),
    ] {
        let bound = quiet * FACTOR + SLACK;
        assert!(loaded < bound, "{name}: {loaded:?}, when quiet {quiet:?}");
    }
    // While it is flooded the machine has no time to spare, but nothing waits for a receiver.
    assert!(
        busy.0 < Duration::from_secs(10) && busy.1 < Duration::from_secs(10),
        "{busy:?}"
    );
    assert!(
        after < before + MORE_MEMORY_KB,
        "{before} kB became {after} kB"
    );

    // Nothing was dropped either: what the hole has not taken is in the log.
    let log = client
        .get("/event/find/hole?limit=1")
        .await
        .expect(200)
        .json();
    assert_eq!(log["complete"], true, "{log}");
    let told = slow.calls().iter().filter(|call| call.accepted).count();
    assert!(told > 0, "the slow receiver is served at its own pace");
}

/// The instances in trouble get messages, as fast as they are taken.
async fn flood(client: Client, messages: usize) {
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..4 {
        let client = client.clone();
        writers.spawn(async move {
            for message in (writer..messages).step_by(4) {
                let number = ["552", "553", "554"][message / 4 % 3];
                client
                    .incoming(number, &format!("flood-{message}"), "some text")
                    .await
                    .expect(200);
            }
        });
    }
    while let Some(ended) = writers.join_next().await {
        ended.expect("a writer does not fail");
    }
}

/// The 99th percentile from the post to the webhook, and from the post to the client.
async fn measure(
    client: &Client,
    phase: &str,
    fast: &Receiver,
    live: &Arrivals,
) -> (Duration, Duration) {
    let mut posted = HashMap::new();
    for sample in 0..SAMPLES {
        let id = format!("{phase}-{sample}");
        posted.insert(id.clone(), Instant::now());
        client
            .send(
                client
                    .request(reqwest::Method::POST, "/webhook/evolution")
                    .json(&client::incoming("551", &id, "hello")),
            )
            .await
            .expect(200);
        tokio::time::sleep(PACE).await;
    }
    let hooked = || -> HashMap<String, Instant> {
        let calls = fast.calls();
        let messages = calls.iter().filter(|call| call.event == "messages.upsert");
        messages.map(|call| (call.key.clone(), call.at)).collect()
    };
    let all = |seen: &HashMap<String, Instant>| posted.keys().all(|id| seen.contains_key(id));
    until("the webhook to get every sample", || async {
        all(&hooked()).then_some(())
    })
    .await;
    let seen = || live.lock().expect("not poisoned").clone();
    until("the client to see every sample", || async {
        all(&seen()).then_some(())
    })
    .await;
    let p99 = |arrived: &HashMap<String, Instant>| {
        let mut latencies: Vec<_> = posted
            .iter()
            .filter_map(|(id, posted)| Some(arrived.get(id)?.duration_since(*posted)))
            .collect();
        latencies.sort();
        latencies
            .get(latencies.len() * 99 / 100)
            .copied()
            .unwrap_or_default()
    };
    (p99(&hooked()), p99(&seen()))
}

/// A client that notes when each message arrives.
async fn follow(server: &Server, name: &str) -> Arrivals {
    let arrivals = Arrivals::default();
    let url = format!(
        "ws://{}/ws/{name}?apikey={}",
        server.address,
        pombo_tests::server::KEY
    );
    let (mut socket, _) = connect_async(url).await.expect("it connects");
    let noted = Arc::clone(&arrivals);
    tokio::spawn(async move {
        while let Some(Ok(message)) = socket.next().await {
            let at = Instant::now();
            let envelope: Value =
                serde_json::from_str(&message.into_text().unwrap_or_default()).unwrap_or_default();
            if envelope["event"] == "messages.upsert"
                && let Some(id) = envelope["data"]["key"]["id"].as_str()
            {
                noted
                    .lock()
                    .expect("not poisoned")
                    .insert(id.to_owned(), at);
            }
        }
    });
    arrivals
}

/// A client that connects and never reads.
async fn deaf(server: &Server, name: &str) -> tokio::net::TcpStream {
    let mut stream = tokio::net::TcpStream::connect(server.address)
        .await
        .expect("it connects");
    let request = format!(
        "GET /ws/{name}?apikey={} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        pombo_tests::server::KEY
    );
    stream
        .write_all(request.as_bytes())
        .await
        .expect("it writes");
    stream
}

/// Takes connections and never answers.
struct BlackHole {
    url: String,
    _open: Arc<Mutex<Vec<tokio::net::TcpStream>>>,
}

impl BlackHole {
    async fn open() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port");
        let url = format!("http://{}/", listener.local_addr().expect("bound"));
        let open: Arc<Mutex<Vec<_>>> = Arc::default();
        let kept = Arc::clone(&open);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                kept.lock().expect("not poisoned").push(stream);
            }
        });
        Self { url, _open: open }
    }
}

/// Resident memory of the server in kB.
fn memory(server: &Server) -> u64 {
    let status =
        std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse().ok())
        .unwrap_or_default()
}

#[expect(clippy::print_stdout, reason = "the figures are worth knowing")]
fn say(text: &str) {
    println!("{text}");
}

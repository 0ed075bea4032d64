//! Traffic with random faults for a chosen time, and then an audit: sent = stored = delivered for every line and every sink, ids
//! unique, order kept. `scripts/soak.sh` runs it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use pombo_tests::{Client, Server, client};
use serde_json::json;

use crate::brokers::{Arrived, Broker, Kind};
use crate::receiver::{Call, Receiver};

/// How long the traffic lasts; `POMBO_SOAK_SECONDS` changes it.
const SECONDS: u64 = 60;
/// How long what waits may take to arrive once the faults are over.
const DRAIN: Duration = Duration::from_secs(300);
const WRITERS: usize = 2;
const PACE: Duration = Duration::from_millis(10);

/// Instance and number. Of `steady` only the server itself fails; the targets of the others fail too.
const LINES: [(&str, &str); 3] = [("steady", "551"), ("plain", "552"), ("strict", "553")];

#[derive(Default)]
struct Ledger {
    acknowledged: Mutex<BTreeSet<String>>,
    stop: AtomicBool,
    unanswered: AtomicUsize,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: scripts/soak.sh"]
async fn sent_is_stored_is_delivered() {
    let seconds = std::env::var("POMBO_SOAK_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(SECONDS);
    let seed = random();
    say(&format!("soaking for {seconds} s"));
    let mood = Arc::new(AtomicU8::new(0));
    let receiver = Receiver::start({
        let mood = Arc::clone(&mood);
        move |line| answer(line, mood.load(Ordering::Relaxed))
    })
    .await;
    // Neighbours, and none that the system gives to somebody else.
    let port = u16::try_from(10_000 + seed % 2_000 * 10).expect("a port");
    let mut brokers = Vec::new();
    for (index, kind) in (1..).zip(Kind::ALL) {
        brokers.extend(Broker::start(kind, port + 2 * index).await);
    }
    let port = port.to_string();
    let mut settings = vec![
        ("SERVER_PORT", port.clone()),
        ("WEBHOOK_RETRY_INITIAL_DELAY_SECONDS", "1".to_owned()),
        ("WEBHOOK_RETRY_MAX_DELAY_SECONDS", "2".to_owned()),
        ("WEBHOOK_RETRY_MAX_ATTEMPTS", "100000".to_owned()),
    ];
    settings.extend(brokers.iter().flat_map(Broker::settings));
    let settings: Vec<_> = settings
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let mut server = Server::start(&settings).await;
    let client = server.client();
    for (name, number) in LINES {
        let mut more = json!({});
        for broker in &brokers {
            broker.keep(name).await;
            more[broker.kind.name()] = json!({
                "enabled": true, "events": ["MESSAGES_UPSERT"], "strictOrder": name == "strict",
            });
        }
        client.create(name, number, more).await;
        let webhook = json!({"enabled": true, "url": receiver.url(name), "events": ["MESSAGES_UPSERT"], "payload": "v2",
                             "strictOrder": name == "strict"});
        client
            .post(
                &format!("/webhook/set/{name}"),
                &json!({"webhook": webhook}),
            )
            .await
            .expect(201);
    }
    let ledger = Arc::new(Ledger::default());
    let mut writers = tokio::task::JoinSet::new();
    for (name, number) in LINES {
        for writer in 0..WRITERS {
            writers.spawn(write(
                Arc::clone(&ledger),
                client.clone(),
                name,
                number,
                writer,
            ));
        }
    }

    let end = Instant::now() + Duration::from_secs(seconds);
    let (mut kills, mut restarts) = (0, 0);
    while Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(500 + random() % 2500)).await;
        mood.store(u8::try_from(random() % 5).unwrap_or(0), Ordering::Relaxed);
        if random().is_multiple_of(2) {
            server.kill().await;
            server.start_again().await;
            kills += 1;
        }
        if random().is_multiple_of(8) {
            let unlucky = usize::try_from(random() % 8).unwrap_or(0) % brokers.len().max(1);
            if let Some(broker) = brokers.get_mut(unlucky) {
                broker.restart().await;
                restarts += 1;
            }
        }
    }
    mood.store(0, Ordering::Relaxed);
    ledger.stop.store(true, Ordering::Relaxed);
    while let Some(ended) = writers.join_next().await {
        ended.expect("a writer does not fail");
    }

    let acknowledged = ledger.acknowledged.lock().expect("not poisoned").clone();
    let mut total = 0;
    for (name, _) in LINES {
        let sent: BTreeSet<_> = acknowledged
            .iter()
            .filter(|key| key.starts_with(name))
            .cloned()
            .collect();
        let stored = stored(&client, name).await;
        let delivered = drained(&receiver, name, &stored).await;
        audit(name, &sent, &stored, &delivered);
        for broker in &brokers {
            let arrived = broker.read(name, |keys| sent.is_subset(keys)).await;
            audit_broker(broker.kind, name, &stored, &arrived);
        }
        total += sent.len();
        let dead = client
            .get(&format!("/webhook/deliveries/{name}?state=dead"))
            .await
            .expect(200)
            .json();
        assert_eq!(dead, json!([]), "{name}");
    }
    let unanswered = ledger.unanswered.load(Ordering::Relaxed);
    say(&format!(
        "{total} sent = stored = delivered over {} lines; {kills} kills, {restarts} restarts of brokers, {unanswered} posts without an answer, {} calls",
        LINES.len(),
        receiver.calls().len()
    ));
}

/// How the targets behave.
fn answer(line: &str, mood: u8) -> (Duration, StatusCode) {
    let fine = (Duration::ZERO, StatusCode::OK);
    if line == "steady" {
        return fine;
    }
    match mood {
        1 => (Duration::ZERO, StatusCode::SERVICE_UNAVAILABLE),
        2 => (Duration::from_millis(200), StatusCode::OK),
        3 if random().is_multiple_of(3) => {
            (Duration::from_millis(50), StatusCode::INTERNAL_SERVER_ERROR)
        }
        4 if random().is_multiple_of(2) => (Duration::ZERO, StatusCode::TOO_MANY_REQUESTS),
        _ => fine,
    }
}

/// Posts until told to stop; what is not acknowledged is posted again, under the same id.
async fn write(ledger: Arc<Ledger>, client: Client, name: &str, number: &str, writer: usize) {
    let mut count = 0;
    while !ledger.stop.load(Ordering::Relaxed) {
        let id = format!("{name}-{writer}-{count}");
        count += 1;
        loop {
            let request = client
                .request(reqwest::Method::POST, "/webhook/evolution")
                .json(&client::incoming(number, &id, "hello"))
                .timeout(Duration::from_secs(10));
            if client
                .try_send(request)
                .await
                .is_ok_and(|answer| answer.status == 200)
            {
                ledger.acknowledged.lock().expect("not poisoned").insert(id);
                break;
            }
            ledger.unanswered.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        tokio::time::sleep(PACE).await;
    }
}

/// The log of a line: place, then event id and message id. Never the same place, id or message twice.
async fn stored(client: &Client, name: &str) -> BTreeMap<i64, (String, String)> {
    let (mut log, mut after) = (BTreeMap::new(), 0);
    loop {
        let path = format!("/event/find/{name}?kind=messages.upsert&limit=1000&after={after}");
        let page = client.get(&path).await.expect(200).json();
        assert_eq!(page["complete"], true);
        for event in page["events"].as_array().expect("a list") {
            let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
            let seq = event["seq"].as_i64().expect("a place");
            assert!(seq > after, "the log is in order");
            after = seq;
            log.insert(seq, (text(&event["id"]), text(&event["data"]["key"]["id"])));
        }
        after = page["through"].as_i64().expect("a place");
        if after >= page["head"].as_i64().expect("a place") {
            return log;
        }
    }
}

/// The calls of a line, once everything has been accepted.
async fn drained(
    receiver: &Receiver,
    name: &str,
    stored: &BTreeMap<i64, (String, String)>,
) -> Vec<Call> {
    let start = Instant::now();
    loop {
        let calls: Vec<_> = receiver
            .calls()
            .iter()
            .filter(|call| call.line == name)
            .cloned()
            .collect();
        let accepted: BTreeSet<_> = calls
            .iter()
            .filter(|call| call.accepted)
            .map(|call| call.seq)
            .collect();
        let missing = stored.keys().filter(|seq| !accepted.contains(seq)).count();
        if missing == 0 {
            return calls;
        }
        assert!(
            start.elapsed() < DRAIN,
            "{missing} events never arrived at {name}"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn audit(
    name: &str,
    sent: &BTreeSet<String>,
    stored: &BTreeMap<i64, (String, String)>,
    calls: &[Call],
) {
    let keys: BTreeSet<_> = stored.values().map(|(_, key)| key.clone()).collect();
    let ids: BTreeSet<_> = stored.values().map(|(id, _)| id).collect();
    assert_eq!(
        (keys.len(), ids.len()),
        (stored.len(), stored.len()),
        "{name}: a message or an id is there twice"
    );
    assert!(
        keys == *sent,
        "{name}: sent and stored differ by {:?}",
        keys.symmetric_difference(sent)
    );
    // However often it was tried, an event keeps its id, its place and its content; and nothing else was told.
    for call in calls {
        let known = stored.get(&call.seq);
        assert_eq!(
            known,
            Some(&(call.id.clone(), call.key.clone())),
            "{name}: {call:?}"
        );
    }
    // The order of what the receiver saw first: everywhere where it never said no, and where it asked for strict order.
    let counts = |call: &&Call| call.accepted;
    if name != "plain" {
        let mut seen = BTreeSet::new();
        let mut last = 0;
        for call in calls.iter().filter(counts) {
            if seen.insert(call.seq) {
                assert!(
                    call.seq > last,
                    "{name}: {} came for the first time after {last}",
                    call.seq
                );
                last = call.seq;
            }
        }
    }
    say(&format!(
        "{name}: {} sent, {} stored, {} calls",
        sent.len(),
        stored.len(),
        calls.len()
    ));
}

/// What was told is what is in the log, and in its order; however often it came. What is under way when the connection to NATS
/// is lost may change places, unless order was asked for.
fn audit_broker(
    kind: Kind,
    name: &str,
    stored: &BTreeMap<i64, (String, String)>,
    arrived: &[Arrived],
) {
    let in_order = kind == Kind::RabbitMq || name == "strict";
    let kind = kind.name();
    let places: BTreeMap<_, _> = stored
        .iter()
        .map(|(seq, (id, key))| (id, (*seq, key)))
        .collect();
    let (mut seen, mut last) = (BTreeSet::new(), 0);
    for one in arrived {
        let Some((seq, key)) = places.get(&one.event) else {
            panic!("{kind}, {name}: {one:?} is not in the log");
        };
        assert_eq!(one.key, **key, "{kind}, {name}");
        if seen.insert(*seq) && in_order {
            assert!(
                *seq > last,
                "{kind}, {name}: {seq} came for the first time after {last}"
            );
            last = *seq;
        }
    }
    assert_eq!(seen.len(), stored.len(), "{kind}, {name}");
    say(&format!("{name}: {} over {kind}", arrived.len()));
}

/// Random enough for faults.
fn random() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0)
}

#[expect(clippy::print_stdout, reason = "how much was tried is worth knowing")]
fn say(text: &str) {
    println!("{text}");
}

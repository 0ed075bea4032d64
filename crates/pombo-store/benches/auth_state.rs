//! Credentials: batches of sessions as the WhatsApp library writes them, of several accounts at once; and the pre-keys of an
//! account that is linked.
//!
//! `cargo bench -p pombo-store --bench auth_state`. `POMBO_BENCH_BATCHES` (default 4,000), and see `kit`.
#![allow(
    clippy::print_stdout,
    missing_docs,
    dead_code,
    reason = "a benchmark speaks, and needs half of its kit"
)]

mod kit;

use std::time::{Duration, Instant};

use bytes::Bytes;
use pombo_domain::port::{AuthChange, AuthStore};
use pombo_store::auth_state::InstanceAuth;

/// Sessions in a batch: those of 25 ms at 500 messages a second.
const SESSIONS: usize = 12;
/// Bytes of a session.
const SIZE: usize = 3000;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let batches: usize = std::env::var("POMBO_BENCH_BATCHES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(4000);
    println!(
        "{:>10} {:>12} {:>10} {:>10}",
        "accounts", "batches/s", "p50 ms", "p99 ms"
    );
    for accounts in [1, 8, 32, 128] {
        let batches = if accounts == 1 { batches / 8 } else { batches };
        sessions(accounts, batches / accounts).await;
    }
    pre_keys().await;
}

fn put(kind: &'static str, key: String, size: usize) -> AuthChange {
    AuthChange::Put {
        kind,
        key,
        value: Bytes::from(vec![7; size]),
        at_ms: 0,
    }
}

async fn sessions(accounts: usize, batches: usize) {
    let place = kit::open().await;
    let mut tasks = tokio::task::JoinSet::new();
    let start = Instant::now();
    for _ in 0..accounts {
        let instance = kit::new_instance(&place.db).await;
        let auth = InstanceAuth::new(place.db.clone(), instance.id);
        tasks.spawn(async move {
            let mut times = Vec::with_capacity(batches);
            for batch in 0..batches {
                // Two hundred chats, each again and again.
                let sessions = (0..SESSIONS)
                    .map(|number| format!("{:06}@lid", (batch * SESSIONS + number) % 200))
                    .map(|key| put("session", key, SIZE));
                let asked = Instant::now();
                auth.apply(sessions.collect()).await.expect("stored");
                times.push(asked.elapsed());
            }
            times
        });
    }
    let mut times: Vec<Duration> = Vec::new();
    while let Some(some) = tasks.join_next().await {
        times.extend(some.expect("an account"));
    }
    let elapsed = start.elapsed().as_secs_f64();
    times.sort_unstable();
    let at = |share: f64| {
        let place = (times.len() as f64 * share) as usize;
        times
            .get(place.min(times.len().saturating_sub(1)))
            .map_or(0.0, |time| time.as_secs_f64() * 1000.0)
    };
    println!(
        "{accounts:>10} {:>12.0} {:>10.2} {:>10.2}",
        times.len() as f64 / elapsed,
        at(0.5),
        at(0.99)
    );
    place.db.close().await;
}

async fn pre_keys() {
    let place = kit::open().await;
    let instance = kit::new_instance(&place.db).await;
    let auth = InstanceAuth::new(place.db.clone(), instance.id);
    let keys = (1..=812).map(|id| put("pre_key", format!("{id:010}"), 74));
    let start = Instant::now();
    auth.apply(keys.collect()).await.expect("stored");
    println!(
        "812 pre-keys: {:.1} ms",
        start.elapsed().as_secs_f64() * 1000.0
    );
    place.db.close().await;
}

//! Inbound messages per second: message, chat, contact and three events each, answered after the commit.
//!
//! `cargo bench -p pombo-store --bench group_commit`. `POMBO_BENCH_MESSAGES` (default 20,000), and see `kit`.
#![allow(clippy::print_stdout, missing_docs, reason = "a benchmark speaks")]

mod kit;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

const CHATS: i64 = 2000;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let messages = std::env::var("POMBO_BENCH_MESSAGES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(20_000);
    println!(
        "{:>10} {:>12} {:>10} {:>10} {:>12}",
        "producers", "messages/s", "p50 ms", "p99 ms", "CPU µs each"
    );
    for producers in [1_i64, 8, 32, 128] {
        let messages = if producers == 1 {
            messages / 10
        } else {
            messages
        };
        run(producers, messages).await;
    }
}

async fn run(producers: i64, messages: i64) {
    let place = kit::open().await;
    let owner = Arc::new(kit::new_instance(&place.db).await);
    let next = Arc::new(AtomicI64::new(0));
    let (start, cpu) = (Instant::now(), cpu_time());
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..producers {
        let (db, owner, next) = (place.db.clone(), Arc::clone(&owner), Arc::clone(&next));
        tasks.spawn(async move {
            let mut times = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= messages {
                    return times;
                }
                let owner = Arc::clone(&owner);
                let asked = Instant::now();
                db.write(move |tx| {
                    let owner = Arc::clone(&owner);
                    Box::pin(async move {
                        kit::inbound(tx, &owner, number, 1_795_393_200 + number / 1000, CHATS, 3)
                            .await
                    })
                })
                .await
                .expect("the message is stored");
                times.push(asked.elapsed());
            }
        });
    }
    let mut times: Vec<Duration> = tasks.join_all().await.into_iter().flatten().collect();
    let (elapsed, cpu) = (start.elapsed(), cpu_time().saturating_sub(cpu));
    times.sort_unstable();
    let count = u32::try_from(times.len()).unwrap_or(u32::MAX);
    let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * 1000.0;
    println!(
        "{producers:>10} {:>12.0} {:>10.2} {:>10.2} {:>12}",
        f64::from(count) / elapsed.as_secs_f64(),
        at(50),
        at(99),
        (cpu / count).as_micros()
    );
    place.db.close().await;
}

/// User and system time of this process.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}

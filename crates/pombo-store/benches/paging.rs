//! What a page costs, from a thousand to a million messages.
//!
//! `cargo bench -p pombo-store --bench paging`. `POMBO_BENCH_MESSAGES` (default 1,000,000), and see `kit`.
#![allow(clippy::print_stdout, missing_docs, reason = "a benchmark speaks")]

mod kit;

use std::sync::Arc;
use std::time::{Duration, Instant};

use pombo_domain::instance::Instance;
use pombo_store::{Db, Page, chat, contact, instance, message};

const CHATS: i64 = 2000;
const ROUNDS: usize = 200;
const START: i64 = 1_795_393_200;
/// Messages per second of their own time: a million of them in a good hour.
const DENSITY: i64 = 200;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let messages: i64 = std::env::var("POMBO_BENCH_MESSAGES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1_000_000);
    let place = kit::open().await;
    let owner = Arc::new(kit::new_instance(&place.db).await);
    let mut stored = 0;
    println!(
        "{:>10}  {:<28} {:>9} {:>9}",
        "messages", "question", "p50 ms", "p99 ms"
    );
    for size in [1000, 10_000, 100_000, 1_000_000] {
        if size > messages {
            break;
        }
        fill(&place.db, &owner, stored, size).await;
        stored = size;
        ask(&place.db, &owner, size).await;
    }
    let start = Instant::now();
    place
        .db
        .write(move |tx| {
            let owner = Arc::clone(&owner);
            Box::pin(async move { instance::delete(tx, &owner.id).await })
        })
        .await
        .expect("the instance is deleted");
    println!(
        "deleting the instance: {:.1} ms",
        start.elapsed().as_secs_f64() * 1000.0
    );
    place.db.close().await;
}

async fn fill(db: &Db, owner: &Arc<Instance>, from: i64, to: i64) {
    let mut tasks = tokio::task::JoinSet::new();
    for lane in 0..128 {
        let (db, owner) = (db.clone(), Arc::clone(owner));
        tasks.spawn(async move {
            for number in (from + lane..to).step_by(128) {
                let owner = Arc::clone(&owner);
                db.write(move |tx| {
                    let owner = Arc::clone(&owner);
                    Box::pin(async move {
                        kit::inbound(tx, &owner, number, START + number / DENSITY, CHATS, 0).await
                    })
                })
                .await
                .expect("the message is stored");
            }
        });
    }
    tasks.join_all().await;
}

async fn ask(db: &Db, owner: &Instance, size: i64) {
    let all = message::MessageFilter::default();
    let one_chat = message::MessageFilter {
        remote_jid: Some("5511900000007@s.whatsapp.net".to_owned()),
        ..message::MessageFilter::default()
    };
    let one_key = message::MessageFilter {
        key_id: Some(format!("3EB0{:016X}", 500)),
        ..message::MessageFilter::default()
    };
    let middle = START + size / DENSITY / 2;
    let two_seconds = message::MessageFilter {
        from_seconds: Some(middle),
        to_seconds: Some(middle + 1),
        ..message::MessageFilter::default()
    };
    let pages = u32::try_from(size / 50).unwrap_or(u32::MAX);
    for (name, filter, page) in [
        ("findMessages, first page", &all, 1),
        ("findMessages, middle page", &all, pages / 2),
        ("findMessages, last page", &all, pages),
        ("findMessages, one chat", &one_chat, 1),
        ("findMessages, one message", &one_key, 1),
        ("findMessages, two seconds", &two_seconds, 1),
    ] {
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            let start = Instant::now();
            let page = message::find(
                db,
                &owner.id,
                filter,
                Page {
                    size: 50,
                    number: page,
                },
            )
            .await
            .expect("a page");
            times.push(start.elapsed());
            assert!(page.total > 0 || size < 10_000, "{name}");
        }
        show(size, name, times);
    }
    let mut times = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let start = Instant::now();
        chat::overview(db, &owner.id, &chat::ChatFilter::default(), Some(50), 0)
            .await
            .expect("chats");
        times.0.push(start.elapsed());
        let start = Instant::now();
        let page = Some(Page {
            size: 50,
            number: 1,
        });
        contact::find(db, &owner.id, &contact::ContactFilter::default(), page)
            .await
            .expect("contacts");
        times.1.push(start.elapsed());
        let start = Instant::now();
        instance::counts(db, None).await.expect("counts");
        times.2.push(start.elapsed());
    }
    show(size, "findChats, first 50", times.0);
    show(size, "findContacts, first 50", times.1);
    show(size, "counts", times.2);
}

fn show(size: i64, name: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * 1000.0;
    println!("{size:>10}  {name:<28} {:>9.2} {:>9.2}", at(50), at(99));
}

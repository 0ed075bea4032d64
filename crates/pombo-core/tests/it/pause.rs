//! A paused line waits, and nothing is lost.

use std::time::Duration;

use pombo_domain::subscription::TransportKind;
use serde_json::json;

use crate::kit::{Bench, retry, until};

const WEBHOOK: TransportKind = TransportKind::Webhook;

async fn pause(bench: &Bench, name: &str, paused: bool) {
    let entry = bench.gateway.instance(name).unwrap();
    let stored = bench.gateway.set_paused(&entry, WEBHOOK, paused).await;
    assert_eq!(stored.unwrap().unwrap().paused(), paused);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_line_waits_and_its_neighbour_does_not() {
    let bench = Bench::start().await;
    let (quiet, other) = (bench.create("quiet").await, bench.create("other").await);
    let arrived = |name: &'static str| {
        let seen = bench.receiver.seen();
        seen.iter()
            .filter(|seen| seen.instance == name && seen.event == "messages.upsert")
            .count()
    };
    pause(&bench, "quiet", true).await;
    // More than a line holds in memory.
    for number in 0..150 {
        bench.incoming(&quiet, &format!("Q{number}")).await;
        bench.incoming(&other, &format!("O{number}")).await;
    }
    until("the neighbour", || async { arrived("other") == 150 }).await;
    assert_eq!(arrived("quiet"), 0);
    assert!(bench.lag() > 0);
    pause(&bench, "quiet", false).await;
    until("the paused line", || async { arrived("quiet") == 150 }).await;
    let order: Vec<_> = bench
        .receiver
        .messages()
        .into_iter()
        .filter(|id| id.starts_with('Q'))
        .collect();
    assert_eq!(
        order,
        (0..150)
            .map(|number| format!("Q{number}"))
            .collect::<Vec<_>>()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_survives_a_restart_and_a_change() {
    let data = tempfile::tempdir().unwrap();
    let first = Bench::at(data.path()).await;
    let entry = first.create("a").await;
    until("the creation", || async { first.lag() == 0 }).await;
    pause(&first, "a", true).await;
    first.incoming(&entry, "M1").await;
    first.gateway.close().await;

    let second = Bench::at(data.path()).await;
    let entry = second.gateway.instance("a").unwrap();
    second.incoming(&entry, "M2").await;
    second
        .options(&entry, WEBHOOK, json!({"url": "http://elsewhere"}))
        .await;
    assert!(entry.state().subscriptions[&WEBHOOK].paused());
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(second.receiver.messages(), [""; 0]);
    pause(&second, "a", false).await;
    until("both messages", || async {
        second.receiver.messages() == ["M1", "M2"]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_beside_a_paused_line_waits_too() {
    let bench = Bench::start().await;
    let entry = bench.create("a").await;
    bench.receiver.answers(|_| Err(retry()));
    bench.incoming(&entry, "M1").await;
    until("a parked delivery", || async { bench.parked().await.0 > 0 }).await;
    pause(&bench, "a", true).await;
    // What was under way when the line was paused may still end.
    tokio::time::sleep(Duration::from_millis(100)).await;
    bench.receiver.answers(|_| Ok(()));
    let before = bench.receiver.seen().len();
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(bench.receiver.seen().len(), before);
    pause(&bench, "a", false).await;
    until("nothing parked any more", || async {
        bench.parked().await == (0, 0)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_waits_in_strict_order_follows_changes() {
    let bench = Bench::over(pombo_store::Backend::SqliteMemory, |config| {
        // The next attempt by itself would come too late for the test.
        config.retry = pombo_core::RetrySchedule::new(|_| Some(Duration::from_secs(600)));
    })
    .await;
    let entry = bench.create("a").await;
    until("the creation", || async { bench.lag() == 0 }).await;
    bench
        .options(&entry, WEBHOOK, json!({"strictOrder": true}))
        .await;
    bench.receiver.answers(|_| Err(retry()));
    bench.incoming(&entry, "M1").await;
    until("an attempt", || async {
        bench.receiver.messages() == ["M1"]
    })
    .await;
    pause(&bench, "a", true).await;
    bench.receiver.answers(|_| Ok(()));
    bench.incoming(&entry, "M2").await;
    pause(&bench, "a", false).await;
    until("both", || async {
        bench.receiver.messages() == ["M1", "M2"] && bench.lag() == 0
    })
    .await;
    assert_eq!(bench.parked().await, (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_instance_is_not_paused_for_ever() {
    let bench = Bench::start().await;
    let entry = bench.create("a").await;
    pause(&bench, "a", true).await;
    bench.incoming(&entry, "M1").await;
    bench.gateway.delete(&entry).await.unwrap();
    until("the message and the removal", || async {
        let seen = bench.receiver.seen();
        bench.receiver.messages() == ["M1"]
            && seen.iter().any(|seen| seen.event == "remove.instance")
    })
    .await;
}

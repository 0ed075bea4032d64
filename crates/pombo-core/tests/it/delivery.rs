//! Every event arrives at the webhook.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pombo_core::SubscriptionChange;
use pombo_domain::port::DeliveryError;
use pombo_domain::subscription::TransportKind;
use pombo_store::Backend;
use pombo_store::delivery::{self, DeliveryState, Listed, Of};
use serde_json::json;

use crate::kit::{Bench, Seen, new, retry, unreachable, until};

fn ids(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("M{number:03}")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn first_attempts_are_in_order() {
    let bench = Bench::start().await;
    let entry = bench.create("a").await;
    for id in ids(200) {
        bench.incoming(&entry, &id).await;
    }
    until("all messages", || async {
        bench.receiver.messages().len() == 200
    })
    .await;
    assert_eq!(bench.receiver.messages(), ids(200));
    assert!(bench.receiver.seen().iter().all(|seen| seen.attempt == 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_may_be_under_way_and_begin_in_order() {
    let bench = Bench::start().await;
    let entry = bench.create("a").await;
    until("nothing waits", || async { bench.lag() == 0 }).await;
    bench.receiver.take_at_once(8);
    bench.receiver.set_open(false);
    for id in ids(100) {
        bench.incoming(&entry, &id).await;
    }
    // The first may have begun alone, before there were more.
    until("some are under way", || async {
        !bench.receiver.messages().is_empty()
    })
    .await;
    bench.receiver.answers(|seen| {
        if seen.attempt == 1 && seen.message == "M042" {
            Err(retry())
        } else {
            Ok(())
        }
    });
    // The creation, one alone, eight together.
    assert!(bench.receiver.seen().len() <= 10);
    bench.receiver.set_open(true);
    until("all messages, and nothing parked", || async {
        bench.receiver.messages().len() == 100 && bench.parked().await == (0, 0)
    })
    .await;
    assert_eq!(bench.receiver.messages(), ids(100));
    let seen = bench.receiver.seen();
    let again: Vec<_> = seen.iter().filter(|seen| seen.attempt > 1).collect();
    assert!(again.iter().all(|seen| seen.message == "M042"), "{again:?}");
    assert_eq!(again.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_under_way_in_a_crash_is_delivered_again() {
    let data = tempfile::tempdir().unwrap();
    let first = Bench::at(data.path()).await;
    let entry = first.create("a").await;
    until("nothing waits", || async { first.lag() == 0 }).await;
    first.receiver.take_at_once(8);
    first.receiver.set_open(false);
    for id in ids(40) {
        first.incoming(&entry, &id).await;
    }
    until("some are under way", || async {
        !first.receiver.messages().is_empty()
    })
    .await;
    // Nothing was confirmed; what is under way is left.
    first.gateway.close().await;
    let second = Bench::at(data.path()).await;
    until("all messages", || async {
        second.receiver.messages().len() == 40
    })
    .await;
    assert_eq!(second.receiver.messages(), ids(40));
}

#[tokio::test]
async fn the_creation_itself_is_told() {
    let bench = Bench::start().await;
    bench.create("a").await;
    until("instance.create", || async {
        bench
            .receiver
            .seen()
            .iter()
            .any(|seen| seen.event == "instance.create")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_receiver_gets_everything_in_the_end_and_delays_nobody() {
    let bench = Bench::start().await;
    let (bad, good) = (bench.create("bad").await, bench.create("good").await);
    let broken = Arc::new(AtomicBool::new(true));
    let state = Arc::clone(&broken);
    bench.receiver.answers(move |seen| {
        if seen.instance == "bad" && state.load(Ordering::Relaxed) {
            Err(retry())
        } else {
            Ok(())
        }
    });
    for id in ids(20) {
        bench.incoming(&bad, &id).await;
        bench.incoming(&good, &id).await;
    }
    let delivered = |name: &'static str| {
        let seen = bench.receiver.seen();
        seen.iter()
            .filter(|seen| seen.instance == name && seen.event == "messages.upsert")
            .count()
    };
    until("the good receiver's messages", || async {
        delivered("good") == 20
    })
    .await;
    broken.store(false, Ordering::Relaxed);
    until("nothing parked any more", || async {
        delivery::counts(bench.gateway.store(), "webhook")
            .await
            .unwrap()
            == (0, 0)
            && bench.lag() == 0
    })
    .await;
    let mut seen = bench.receiver.seen();
    seen.retain(|seen| seen.instance == "bad" && seen.event == "messages.upsert");
    let mut messages: Vec<_> = seen.iter().map(|seen| seen.message.clone()).collect();
    messages.sort();
    messages.dedup();
    assert_eq!(messages, ids(20));
    // However often it was tried, an event keeps its id.
    let mut pairs: Vec<_> = seen
        .into_iter()
        .map(|seen| (seen.message, seen.id))
        .collect();
    pairs.sort();
    pairs.dedup();
    assert_eq!(pairs.len(), 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_delivered_is_delivered_after_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let first = Bench::at(data.path()).await;
    first.receiver.answers(|_| Err(retry()));
    let entry = first.create("a").await;
    for id in ids(30) {
        first.incoming(&entry, &id).await;
    }
    first.gateway.close().await;

    let second = Bench::at(data.path()).await;
    until("all messages", || async {
        second.receiver.messages().len() == 30
    })
    .await;
    until("nothing parked any more", || async {
        delivery::counts(second.gateway.store(), "webhook")
            .await
            .unwrap()
            == (0, 0)
    })
    .await;
}

#[tokio::test]
async fn what_was_delivered_is_not_delivered_again_after_an_orderly_restart() {
    let data = tempfile::tempdir().unwrap();
    let first = Bench::at(data.path()).await;
    let entry = first.create("a").await;
    first.incoming(&entry, "M1").await;
    until("the message", || async {
        first.receiver.messages() == ["M1"] && first.lag() == 0
    })
    .await;
    first.gateway.close().await;

    let second = Bench::at(data.path()).await;
    let entry = second.gateway.instance("a").unwrap();
    second.incoming(&entry, "M2").await;
    until("the new message", || async {
        !second.receiver.messages().is_empty()
    })
    .await;
    assert_eq!(second.receiver.messages(), ["M2"]);
}

#[tokio::test]
async fn a_permanent_failure_ends_as_a_dead_letter() {
    let bench = Bench::start().await;
    let entry = bench.create("a").await;
    bench.receiver.answers(|seen| match seen.event {
        "messages.upsert" => Err(DeliveryError::Permanent {
            reason: "400 Bad Request".to_owned(),
            status: Some(400),
        }),
        _ => Ok(()),
    });
    bench.incoming(&entry, "M1").await;
    until("a dead letter", || async {
        delivery::counts(bench.gateway.store(), "webhook")
            .await
            .unwrap()
            == (0, 1)
    })
    .await;
    let dead = delivery::list(
        bench.gateway.store(),
        "webhook",
        Listed {
            of: Of::All,
            state: Some(DeliveryState::Dead),
            before: None,
            limit: 10,
        },
    )
    .await
    .unwrap();
    assert_eq!(
        (dead[0].delivery.status, dead[0].delivery.attempt),
        (Some(400), 1)
    );
    assert!(dead[0].delivery.latency.is_some());
    assert_eq!(
        bench
            .receiver
            .seen()
            .iter()
            .filter(|seen| seen.event == "messages.upsert")
            .count(),
        1
    );
}

#[tokio::test]
async fn a_schedule_that_ends_ends_as_a_dead_letter() {
    let bench = Bench::over(Backend::SqliteMemory, |config| {
        config.retry = pombo_core::RetrySchedule::new(|failed| {
            (failed.attempts < 3).then_some(Duration::from_millis(5))
        });
    })
    .await;
    let entry = bench.create("a").await;
    bench.receiver.answers(|seen| {
        if seen.event == "messages.upsert" {
            Err(retry())
        } else {
            Ok(())
        }
    });
    bench.incoming(&entry, "M1").await;
    until("a dead letter", || async {
        delivery::counts(bench.gateway.store(), "webhook")
            .await
            .unwrap()
            == (0, 1)
    })
    .await;
    let attempts: Vec<_> = bench
        .receiver
        .seen()
        .iter()
        .filter(|seen| seen.event == "messages.upsert")
        .map(|seen| seen.attempt)
        .collect();
    assert_eq!(attempts, [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retries_to_a_receiver_that_fails_keep_a_pace_and_end_together_when_it_is_back() {
    let bench = Bench::over(Backend::SqliteMemory, |config| {
        config.retry = pombo_core::RetrySchedule::new(|_| Some(Duration::from_millis(1)));
    })
    .await;
    let entry = bench.create("a").await;
    bench.receiver.answers(|_| Err(retry()));
    for number in 0..20 {
        bench.incoming(&entry, &format!("M{number}")).await;
    }
    let retried = || {
        let seen = bench.receiver.seen();
        seen.iter().filter(|seen| seen.attempt > 1).count()
    };
    until("a first retry", || async { retried() > 0 }).await;
    let (start, before) = (std::time::Instant::now(), retried());
    until("many retries", || async { retried() >= before + 21 }).await;
    // One every 50 ms at most; the first one's pause may have begun before.
    assert!(start.elapsed() >= Duration::from_millis(19 * 50));
    bench.receiver.answers(|_| Ok(()));
    until("all of them", || async { bench.parked().await == (0, 0) }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gone_for_good_switches_the_subscription_off() {
    let bench = Bench::start().await;
    let entry = bench.create("a").await;
    bench.receiver.answers(|_| Err(DeliveryError::Gone));
    bench.incoming(&entry, "M1").await;
    until("the subscription to be off", || async {
        !entry.state().subscriptions[&TransportKind::Webhook].enabled
    })
    .await;
    // The selection stays for the day when it is switched on again.
    assert_eq!(
        entry.state().subscriptions[&TransportKind::Webhook]
            .events
            .names()
            .len(),
        31
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_deletion_is_told_even_when_the_receiver_fails_at_first() {
    let bench = Bench::start().await;
    let entry = bench.create("a").await;
    bench.receiver.answers(|seen| {
        if seen.attempt < 3 {
            Err(retry())
        } else {
            Ok(())
        }
    });
    bench.incoming(&entry, "M1").await;
    bench.gateway.delete(&entry).await.unwrap();
    let told = |name: &'static str| {
        bench
            .receiver
            .seen()
            .iter()
            .any(|seen| seen.event == name && seen.attempt >= 3)
    };
    until("instance.delete", || async { told("instance.delete") }).await;
    until("remove.instance", || async { told("remove.instance") }).await;
    until("the line to be cleared away", || async {
        pombo_store::subscription::all(bench.gateway.store())
            .await
            .unwrap()
            .is_empty()
            && pombo_store::cursor::all(bench.gateway.store())
                .await
                .unwrap()
                .is_empty()
    })
    .await;
}

#[tokio::test]
async fn what_happened_while_switched_off_stays_unsent() {
    let bench = Bench::start().await;
    let entry = bench.create("a").await;
    let set = |enabled| SubscriptionChange {
        enabled,
        ..SubscriptionChange::default()
    };
    bench
        .gateway
        .set_subscription(&entry, TransportKind::Webhook, set(false))
        .await
        .unwrap();
    bench.incoming(&entry, "OFF").await;
    bench
        .gateway
        .set_subscription(&entry, TransportKind::Webhook, set(true))
        .await
        .unwrap();
    bench.incoming(&entry, "ON").await;
    until("the later message", || async {
        bench.receiver.messages().contains(&"ON".to_owned())
    })
    .await;
    assert_eq!(bench.receiver.messages(), ["ON"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_strict_order_the_line_waits() {
    let bench = Bench::start().await;
    let mut wanted = new("a");
    wanted.subscriptions[0]
        .1
        .options
        .insert("strictOrder".to_owned(), json!(true));
    let entry = bench.gateway.create(wanted).await.unwrap();
    bench.receiver.answers(|seen| {
        if seen.message == "M000" && seen.attempt < 4 {
            Err(retry())
        } else {
            Ok(())
        }
    });
    for id in ids(5) {
        bench.incoming(&entry, &id).await;
    }
    until("all messages", || async {
        bench.receiver.messages().len() == 5
    })
    .await;
    let order: Vec<_> = bench
        .receiver
        .seen()
        .into_iter()
        .filter(|seen| seen.event == "messages.upsert")
        .map(|seen| seen.message)
        .collect();
    assert_eq!(
        order,
        [
            "M000", "M000", "M000", "M000", "M001", "M002", "M003", "M004"
        ]
    );
}

/// What arrived, in order.
type Arrived = Arc<Mutex<Vec<String>>>;

/// The receiver takes what `reaches`; everything else does not get there.
fn takes(bench: &Bench, reaches: impl Fn(&Seen) -> bool + Send + Sync + 'static) -> Arrived {
    let arrived = Arrived::default();
    let taken = Arc::clone(&arrived);
    bench.receiver.answers(move |seen| {
        if !reaches(seen) {
            return Err(unreachable());
        }
        if seen.event == "messages.upsert" {
            taken.lock().unwrap().push(seen.message.clone());
        }
        Ok(())
    });
    arrived
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_cannot_be_reached_gets_everything_in_order_when_it_is_back() {
    for at_once in [1, 8] {
        let bench = Bench::start().await;
        bench.receiver.take_at_once(at_once);
        let back = Arc::new(AtomicBool::new(false));
        let arrived = takes(&bench, {
            let back = Arc::clone(&back);
            move |_| back.load(Ordering::SeqCst)
        });
        let entry = bench.create("a").await;
        for id in ids(20) {
            bench.incoming(&entry, &id).await;
        }
        // More attempts than after which a receiver that answers counts as down.
        until("attempts", || async { bench.receiver.seen().len() >= 5 }).await;
        assert!(bench.receiver.seen().iter().all(|seen| seen.attempt == 1));
        assert_eq!(bench.parked().await, (0, 0));
        back.store(true, Ordering::SeqCst);
        for id in ids(40).split_off(20) {
            bench.incoming(&entry, &id).await;
        }
        until("all messages", || async {
            arrived.lock().unwrap().len() == 40
        })
        .await;
        assert_eq!(*arrived.lock().unwrap(), ids(40));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_goes_away_amid_events_under_way_gets_them_in_order() {
    let bench = Bench::start().await;
    bench.receiver.take_at_once(8);
    let entry = bench.create("a").await;
    until("nothing waits", || async { bench.lag() == 0 }).await;
    let (open, times) = (Arc::new(AtomicBool::new(false)), AtomicUsize::new(0));
    let arrived = takes(&bench, {
        let open = Arc::clone(&open);
        move |seen| {
            let open = open.load(Ordering::SeqCst);
            if open && seen.message == "M012" {
                times.fetch_add(1, Ordering::SeqCst);
            }
            // Where M012 is lost, so is what began behind it.
            open && (seen.message.as_str() < "M012" || times.load(Ordering::SeqCst) > 1)
        }
    });
    for id in ids(30) {
        bench.incoming(&entry, &id).await;
    }
    open.store(true, Ordering::SeqCst);
    until("all messages", || async {
        arrived.lock().unwrap().len() >= 30
    })
    .await;
    assert_eq!(*arrived.lock().unwrap(), ids(30));
    assert_eq!(bench.parked().await, (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_global_webhook_gets_everybodys_events() {
    let bench = Bench::over(Backend::SqliteMemory, |config| {
        let mut global = pombo_domain::subscription::Subscription {
            id: "global".to_owned().into(),
            instance_id: "".into(),
            transport: TransportKind::Webhook,
            enabled: true,
            events: pombo_domain::subscription::EventList::new(["MESSAGES_UPSERT".to_owned()]),
            options: serde_json::Map::new(),
            created_at: pombo_domain::clock::Timestamp::default(),
            updated_at: pombo_domain::clock::Timestamp::default(),
            retired_at_seq: None,
        };
        global.options.insert("url".to_owned(), json!("http://g"));
        config
            .global
            .insert(TransportKind::Webhook, Arc::new(global));
    })
    .await;
    for name in ["a", "b"] {
        let entry = bench
            .gateway
            .create(pombo_core::NewInstance {
                subscriptions: Vec::new(),
                ..new(name)
            })
            .await
            .unwrap();
        bench.incoming(&entry, name).await;
    }
    until("both messages", || async {
        bench.receiver.messages() == ["a", "b"]
    })
    .await;
    assert!(
        bench
            .receiver
            .seen()
            .iter()
            .all(|seen| seen.event == "messages.upsert")
    );
}

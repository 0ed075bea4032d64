//! Delivering again what somebody asks for, and what happens when the log may not keep an event.

use std::time::Duration;

use pombo_core::{Replay, ReplayError, RetrySchedule};
use pombo_domain::clock::Timestamp;
use pombo_domain::event::EventKind;
use pombo_domain::port::DeliveryError;
use pombo_domain::subscription::TransportKind;
use pombo_store::Backend;
use pombo_store::delivery::{Chosen, DeliveryState};
use pombo_store::event::Stretch;

use crate::kit::{Bench, Seen, until};

const WEBHOOK: TransportKind = TransportKind::Webhook;

fn refuses_messages(seen: &Seen) -> Result<(), DeliveryError> {
    if seen.event != "messages.upsert" {
        return Ok(());
    }
    Err(DeliveryError::Permanent {
        reason: "400 Bad Request".to_owned(),
        status: Some(400),
    })
}

fn everything() -> Stretch {
    Stretch {
        after: 0,
        through: i64::MAX,
        from: Timestamp::from_millis(0),
        to: Timestamp::from_millis(i64::MAX),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_are_delivered_when_asked_for() {
    let bench = Bench::start().await;
    let entry = bench.create("a").await;
    bench.receiver.answers(refuses_messages);
    for id in ["M1", "M2", "M3"] {
        bench.incoming(&entry, id).await;
    }
    until("three dead letters", || async {
        bench.parked().await == (0, 3)
    })
    .await;
    let before = bench.receiver.seen();
    bench.receiver.answers(|_| Ok(()));
    let replay = async |chosen| {
        bench
            .gateway
            .replay(&entry, WEBHOOK, Replay::Parked(chosen))
            .await
            .unwrap()
            .queued
    };
    let first = bench.deliveries().await[0].id;
    assert_eq!(replay(Chosen::Ids(vec![first])).await, 1);
    until("the first", || async { bench.parked().await == (0, 2) }).await;
    assert_eq!(replay(Chosen::Dead).await, 2);
    until("the others", || async { bench.parked().await == (0, 0) }).await;
    let seen: Vec<_> = bench.receiver.seen().split_off(before.len());
    let told = |seen: &[Seen]| -> Vec<_> {
        seen.iter()
            .filter(|seen| seen.event == "messages.upsert")
            .map(|seen| (seen.message.clone(), seen.id.clone()))
            .collect()
    };
    assert_eq!(
        told(&seen),
        told(&before),
        "the same events, with the same ids, in the same order"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logged_events_are_delivered_again_with_their_ids() {
    let bench = Bench::start().await;
    let entry = bench.create("a").await;
    for number in 0..700 {
        bench.incoming(&entry, &format!("M{number}")).await;
    }
    // Places have no gaps, and everything is for this receiver.
    let everything_came =
        || async { bench.receiver.seen().len() as i64 == bench.gateway.bus().head() };
    until("the first time", everything_came).await;
    let first = bench.receiver.seen();
    let replayed = bench
        .gateway
        .replay(&entry, WEBHOOK, Replay::Logged(everything()))
        .await
        .unwrap();
    assert_eq!(
        (replayed.queued, replayed.more_after),
        (first.len() as u64, None)
    );
    until("the second time", || async {
        bench.parked().await == (0, 0)
    })
    .await;
    let seen = bench.receiver.seen();
    let ids = |seen: &[Seen]| seen.iter().map(|seen| seen.id.clone()).collect::<Vec<_>>();
    assert!(
        ids(&seen[first.len()..]) == ids(&first),
        "the same, in the same order"
    );

    let some = Stretch {
        after: 10,
        through: 12,
        ..everything()
    };
    assert_eq!(
        bench
            .gateway
            .replay(&entry, WEBHOOK, Replay::Logged(some))
            .await
            .unwrap()
            .queued,
        2
    );
    let never = Stretch {
        to: Timestamp::from_millis(1),
        ..everything()
    };
    assert_eq!(
        bench
            .gateway
            .replay(&entry, WEBHOOK, Replay::Logged(never))
            .await
            .unwrap()
            .queued,
        0
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_already_is_not_queued_twice() {
    let bench = Bench::start().await;
    let entry = bench.create("a").await;
    bench.receiver.answers(refuses_messages);
    bench.incoming(&entry, "M1").await;
    // The message is not all that was told: a line that is paused too early would have the rest still before it.
    until("a dead letter, and nothing else", || async {
        bench.parked().await == (0, 1) && bench.lag() == 0
    })
    .await;
    bench
        .gateway
        .set_paused(&entry, WEBHOOK, true)
        .await
        .unwrap();
    let log = bench
        .gateway
        .logged_events(&entry, 0, &[], 100)
        .await
        .unwrap()
        .envelopes
        .len() as u64;
    let replay = async || {
        bench
            .gateway
            .replay(&entry, WEBHOOK, Replay::Logged(everything()))
            .await
            .unwrap()
            .queued
    };
    assert_eq!(replay().await, log);
    assert_eq!(replay().await, 0);
    assert_eq!(bench.parked().await, (i64::try_from(log).unwrap(), 0));
}

#[tokio::test]
async fn what_cannot_be_delivered_is_not_queued() {
    let bench = Bench::start().await;
    let entry = bench.create("a").await;
    let replay = async |transport| {
        bench
            .gateway
            .replay(&entry, transport, Replay::Parked(Chosen::Dead))
            .await
    };
    assert!(matches!(
        replay(TransportKind::Nats).await,
        Err(ReplayError::NoSubscription)
    ));
    assert!(matches!(
        replay(TransportKind::Websocket).await,
        Err(ReplayError::TransportOff)
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_is_read_page_by_page() {
    let bench = Bench::start().await;
    let (entry, other) = (bench.create("a").await, bench.create("b").await);
    for number in 0..5 {
        bench.incoming(&entry, &format!("M{number}")).await;
        bench.incoming(&other, "X").await;
    }
    let (mut messages, mut after) = (Vec::new(), 0);
    loop {
        let page = bench
            .gateway
            .logged_events(&entry, after, &[EventKind::MessagesUpsert], 2)
            .await
            .unwrap();
        assert!(page.complete && page.envelopes.len() <= 2);
        for envelope in &page.envelopes {
            let envelope: serde_json::Value = serde_json::from_slice(envelope).unwrap();
            assert!(envelope["id"].as_str().unwrap().starts_with("evt_"));
            assert!(envelope["seq"].as_i64().unwrap() > after);
            messages.push(envelope["data"]["key"]["id"].as_str().unwrap().to_owned());
        }
        after = page.through;
        if after == page.head {
            break;
        }
    }
    assert_eq!(messages, ["M0", "M1", "M2", "M3", "M4"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_the_log_may_not_keep_leaves_a_dead_letter() {
    let bench = Bench::over(Backend::SqliteMemory, |config| config.max_events = 10).await;
    let entry = bench.create("a").await;
    until("the creation", || async { bench.lag() == 0 }).await;
    bench
        .gateway
        .set_paused(&entry, WEBHOOK, true)
        .await
        .unwrap();
    for number in 0..40 {
        bench.incoming(&entry, &format!("M{number}")).await;
    }
    assert!(bench.gateway.prune().await.unwrap() > 0);
    let (waiting, dead) = bench.parked().await;
    // Not one event vanished: each is a dead letter, or still in the log and delivered when the line is resumed.
    let kept = bench
        .gateway
        .logged_events(&entry, 0, &[], 100)
        .await
        .unwrap();
    assert_eq!(
        (waiting, kept.envelopes.len(), kept.complete),
        (0, 10, false)
    );
    assert!(dead >= 30, "{dead}");
    let counted: u64 = bench
        .gateway
        .sinks()
        .map(|sink| sink.counters().read()[2])
        .sum();
    assert_eq!(counted, dead.unsigned_abs());
    for row in bench.deliveries().await {
        assert_eq!(
            (row.state, row.delivery.error.as_str()),
            (DeliveryState::Dead, "older than the log may keep")
        );
        assert!(row.delivery.event_id.is_some() && row.delivery.event_kind.is_some());
    }
    // The event is gone, so it cannot be delivered any more, and nothing pretends that it could.
    let replayed = bench
        .gateway
        .replay(&entry, WEBHOOK, Replay::Parked(Chosen::Dead))
        .await
        .unwrap();
    assert_eq!(replayed.queued, 0);
    bench
        .gateway
        .set_paused(&entry, WEBHOOK, false)
        .await
        .unwrap();
    until("what was kept", || async { bench.lag() == 0 }).await;
    assert!(bench.receiver.messages().len() >= 2);
    assert_eq!(
        bench.receiver.messages().last().map(String::as_str),
        Some("M39")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_queued_by_hand_gets_the_whole_schedule_again() {
    let bench = Bench::over(Backend::SqliteMemory, |config| {
        config.retry =
            RetrySchedule::new(|failed| (failed.attempts < 2).then_some(Duration::from_millis(5)));
    })
    .await;
    let entry = bench.create("a").await;
    bench.receiver.answers(|seen| {
        if seen.event == "messages.upsert" {
            Err(crate::kit::retry())
        } else {
            Ok(())
        }
    });
    bench.incoming(&entry, "M1").await;
    until("a dead letter", || async { bench.parked().await == (0, 1) }).await;
    bench
        .gateway
        .replay(&entry, WEBHOOK, Replay::Parked(Chosen::Dead))
        .await
        .unwrap();
    until("four attempts", || async {
        let attempts: Vec<_> = bench
            .receiver
            .seen()
            .into_iter()
            .filter(|seen| seen.event == "messages.upsert")
            .map(|seen| seen.attempt)
            .collect();
        attempts == [1, 2, 1, 2]
    })
    .await;
    until("a dead letter again", || async {
        bench.parked().await == (0, 1)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_strict_line_that_is_left_behind_does_not_deliver_what_was_given_up() {
    let bench = Bench::over(Backend::SqliteMemory, |config| config.max_events = 10).await;
    let entry = bench.create("a").await;
    until("the creation", || async { bench.lag() == 0 }).await;
    bench
        .options(&entry, WEBHOOK, serde_json::json!({"strictOrder": true}))
        .await;
    bench.receiver.answers(|_| Err(crate::kit::retry()));
    for number in 0..40 {
        bench.incoming(&entry, &format!("M{number}")).await;
    }
    until("an attempt", || async {
        bench.receiver.messages() == ["M0"]
    })
    .await;
    bench.gateway.prune().await.unwrap();
    let given_up: Vec<_> = bench.deliveries().await;
    let taken = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let noted = std::sync::Arc::clone(&taken);
    bench.receiver.answers(move |seen| {
        noted.lock().unwrap().push(seen.id.clone());
        Ok(())
    });
    until("the last message", || async {
        bench
            .receiver
            .messages()
            .last()
            .is_some_and(|id| id == "M39")
            && bench.lag() == 0
    })
    .await;
    let taken = taken.lock().unwrap();
    let twice = given_up.iter().filter(|row| {
        let id = row.delivery.event_id.as_ref().unwrap().as_str();
        taken.iter().any(|taken| taken == id)
    });
    // At most the one whose attempt was under way.
    assert!(twice.count() <= 1);
    assert!(given_up.len() >= 100, "{}", given_up.len());
}

//! Connected clients, and the log read again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pombo_core::SubscriptionChange;
use pombo_domain::subscription::TransportKind;
use pombo_store::Backend;

use crate::kit::{Bench, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_are_shown_events_in_the_order_of_the_log() {
    let bench = Bench::start().await;
    let entry = bench.create("a").await;
    for number in 0..100 {
        bench.incoming(&entry, &number.to_string()).await;
    }
    let head = bench.gateway.bus().head();
    until("the last event", || async {
        bench
            .clients
            .shown
            .lock()
            .unwrap()
            .last()
            .is_some_and(|shown| shown.0 == head)
    })
    .await;
    let shown = bench.clients.shown.lock().unwrap().clone();
    assert!(shown.windows(2).all(|pair| pair[0].0 < pair[1].0));
    assert!(
        shown
            .iter()
            .all(|(_, _, to_instance, to_all)| *to_instance && !to_all)
    );
}

/// On one thread: whoever writes to a client gets its turn only when showing rests.
#[tokio::test]
async fn a_client_that_reads_is_not_overrun_by_a_burst() {
    let bench = Bench::start().await;
    let entry = bench.create("a").await;
    let clients = Arc::clone(&bench.clients);
    let most = Arc::new(AtomicUsize::new(0));
    let writer = tokio::spawn({
        let most = Arc::clone(&most);
        async move {
            loop {
                clients.bell.notified().await;
                most.fetch_max(clients.unread.swap(0, Ordering::SeqCst), Ordering::SeqCst);
            }
        }
    });
    // Committed together, and so shown together.
    let ids: Vec<_> = (0..500).map(|number| number.to_string()).collect();
    futures_util::future::join_all(ids.iter().map(|id| bench.incoming(&entry, id))).await;
    let head = bench.gateway.bus().head();
    until("the last event", || async {
        let shown = bench.clients.shown.lock().unwrap();
        shown.last().is_some_and(|shown| shown.0 == head)
    })
    .await;
    writer.abort();
    assert!(bench.clients.shown.lock().unwrap().len() >= 1000);
    let most = most.load(Ordering::SeqCst);
    assert!(most <= 64, "{most} at once");
}

#[tokio::test]
async fn a_change_of_the_subscription_counts_from_the_next_event_on() {
    let bench = Bench::start().await;
    let entry = bench.create("a").await;
    let only = |name: &str| SubscriptionChange {
        enabled: true,
        events: Some(vec![name.to_owned()]),
        ..SubscriptionChange::default()
    };
    bench
        .gateway
        .set_subscription(&entry, TransportKind::Websocket, only("CONTACTS_UPSERT"))
        .await
        .unwrap();
    bench.clients.shown.lock().unwrap().clear();
    bench.incoming(&entry, "M1").await;
    until("an event", || async {
        !bench.clients.shown.lock().unwrap().is_empty()
    })
    .await;
    assert_eq!(bench.clients.shown.lock().unwrap()[0].1, "contacts.upsert");
}

#[tokio::test]
async fn the_global_mode_shows_everything_to_the_receivers_of_everything() {
    let bench = Bench::over(Backend::SqliteMemory, |config| {
        config.websocket_global = true
    })
    .await;
    let plain = pombo_core::NewInstance {
        subscriptions: Vec::new(),
        ..crate::kit::new("a")
    };
    let entry = bench.gateway.create(plain).await.unwrap();
    bench.incoming(&entry, "M1").await;
    let head = bench.gateway.bus().head();
    until("the last event", || async {
        bench
            .clients
            .shown
            .lock()
            .unwrap()
            .last()
            .is_some_and(|shown| shown.0 == head)
    })
    .await;
    assert!(
        bench
            .clients
            .shown
            .lock()
            .unwrap()
            .iter()
            .all(|(_, _, to_instance, to_all)| !to_instance && *to_all)
    );
}

#[tokio::test]
async fn the_log_is_read_again_from_any_place_and_after_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let first = Bench::at(data.path()).await;
    let entry = first.create("a").await;
    for number in 0..10 {
        first.incoming(&entry, &number.to_string()).await;
    }
    first.gateway.close().await;

    let second = Bench::at(data.path()).await;
    let history = second.gateway.history();
    let id = second
        .gateway
        .instance("a")
        .unwrap()
        .state()
        .instance
        .id
        .clone();
    let mut place = 0;
    let mut seen = Vec::new();
    loop {
        let page = history.after(Some(&id), place, 7).await.unwrap();
        assert!(page.complete);
        seen.extend(page.events.iter().filter_map(|(event, _)| event.seq));
        place = page.through;
        if place >= page.head {
            break;
        }
    }
    assert_eq!(place, history.head());
    assert!(seen.windows(2).all(|pair| pair[0] < pair[1]));
    // instance.create, then four events per message but for the first.
    assert_eq!(seen.len(), 1 + 3 + 9 * 4);
    assert!(
        history
            .after(Some(&"other".into()), 0, 100)
            .await
            .unwrap()
            .events
            .is_empty()
    );
}

#[tokio::test]
async fn a_place_that_does_not_exist_is_answered_with_the_one_that_does() {
    let bench = Bench::start().await;
    let entry = bench.create("a").await;
    let head = bench.gateway.bus().head();
    let page = bench
        .gateway
        .history()
        .after(Some(&entry.state().instance.id), head + 1000, 10)
        .await
        .unwrap();
    assert_eq!((page.head, page.events.len()), (head, 0));
}

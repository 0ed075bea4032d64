//! Creating, changing and deleting instances.

use std::sync::Arc;

use pombo_core::{CreateError, SettingsChange, SubscriptionChange};
use pombo_domain::port::Access;
use pombo_domain::subscription::TransportKind;
use pombo_store::instance;

use crate::kit::{Bench, message, new};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_creations_of_one_name_exactly_one_succeeds() {
    let bench = Bench::start().await;
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let gateway = Arc::clone(&bench.gateway);
        tries.spawn(async move { gateway.create(new("same")).await });
    }
    let results = tries.join_all().await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(
        results
            .iter()
            .filter_map(|result| result.as_ref().err())
            .all(|error| matches!(error, CreateError::NameTaken(_)))
    );
    let winner = bench.gateway.instance("same").unwrap();
    assert_eq!(winner.state().subscriptions.len(), 2);
    assert_eq!(
        instance::all(bench.gateway.store(), "evolution")
            .await
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_token_opens_its_own_instance_only() {
    let bench = Bench::start().await;
    let (one, two) = (bench.create("one").await, bench.create("two").await);
    let keys = bench.gateway.keys();
    let access = keys.access(&one.state().instance.token).unwrap();
    assert!(access.opens(&one.state().instance.id));
    assert!(!access.opens(&two.state().instance.id));
    assert_eq!(keys.access("global"), Some(Access::Global));
    assert_eq!(keys.access(""), None);
    assert_eq!(keys.access("nobody's"), None);
    bench.gateway.delete(&one).await.unwrap();
    assert_eq!(keys.access(&one.state().instance.token), None);
}

#[tokio::test]
async fn a_message_offered_twice_is_stored_and_told_once() {
    let bench = Bench::start().await;
    let entry = bench.create("a").await;
    let head = bench.gateway.bus().head();
    bench.gateway.accept(&entry, message("M1")).await.unwrap();
    let after_first = bench.gateway.bus().head();
    bench.gateway.accept(&entry, message("M1")).await.unwrap();
    assert_eq!(bench.gateway.bus().head(), after_first);
    // messages.upsert, contacts.upsert, chats.upsert
    assert_eq!(after_first - head, 3);
    bench.gateway.accept(&entry, message("M2")).await.unwrap();
    // ... and chats.update, since the chat existed.
    assert_eq!(bench.gateway.bus().head() - after_first, 4);
    let counts = instance::counts(bench.gateway.store(), None).await.unwrap();
    let counts = &counts[&entry.state().instance.id];
    assert_eq!((counts.messages, counts.contacts, counts.chats), (2, 1, 1));
}

#[tokio::test]
async fn settings_and_subscriptions_survive_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let first = Bench::at(data.path()).await;
    let entry = first.create("a").await;
    let settings = SettingsChange {
        reject_call: true,
        msg_call: Some("no".to_owned()),
        ..SettingsChange::default()
    };
    first.gateway.set_settings(&entry, settings).await.unwrap();
    let off = SubscriptionChange {
        enabled: false,
        ..SubscriptionChange::default()
    };
    first
        .gateway
        .set_subscription(&entry, TransportKind::Websocket, off)
        .await
        .unwrap();
    let before = entry.state();
    first.gateway.close().await;

    let second = Bench::at(data.path()).await;
    let after = second.gateway.instance("a").unwrap().state();
    assert_eq!(after.settings, before.settings);
    assert_eq!(after.subscriptions, before.subscriptions);
    assert_eq!(after.instance.token, before.instance.token);
    assert_eq!(*second.clients.told.lock().unwrap(), ["added a"]);
}

#[tokio::test]
async fn settings_that_are_left_out_stay() {
    let bench = Bench::start().await;
    let entry = bench.create("a").await;
    let first = SettingsChange {
        msg_call: Some("busy".to_owned()),
        ..SettingsChange::default()
    };
    bench.gateway.set_settings(&entry, first).await.unwrap();
    let second = SettingsChange {
        reject_call: true,
        ..SettingsChange::default()
    };
    let row = bench.gateway.set_settings(&entry, second).await.unwrap();
    assert_eq!(row.settings.msg_call, "busy");
    assert!(row.settings.reject_call);
}

#[tokio::test]
async fn a_deleted_name_is_free_at_once_and_clients_hear_of_it_first() {
    let bench = Bench::start().await;
    let entry = bench.create("a").await;
    bench.gateway.delete(&entry).await.unwrap();
    assert!(bench.gateway.instance("a").is_none());
    bench.create("a").await;
    assert_eq!(
        *bench.clients.told.lock().unwrap(),
        ["added a", "remove.instance", "removed a", "added a"]
    );
}

#[tokio::test]
async fn group_messages_are_ignored_when_the_settings_say_so() {
    let bench = Bench::start().await;
    let entry = bench.create("a").await;
    let ignore = SettingsChange {
        groups_ignore: true,
        ..SettingsChange::default()
    };
    bench.gateway.set_settings(&entry, ignore).await.unwrap();
    let head = bench.gateway.bus().head();
    let pombo_domain::channel::ChannelEvent::Message(mut incoming) = message("G") else {
        panic!("not a message");
    };
    incoming.key.remote_jid = "120363000000000001@g.us".to_owned();
    bench
        .gateway
        .accept(
            &entry,
            pombo_domain::channel::ChannelEvent::Message(incoming),
        )
        .await
        .unwrap();
    assert_eq!(bench.gateway.bus().head(), head);
}

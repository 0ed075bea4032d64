//! Subscriptions: one per instance and transport, and what outlives its instance.

use pombo_domain::clock::Timestamp;
use pombo_domain::event::EventKind;
use pombo_domain::subscription::{EventList, TransportKind};
use pombo_store::{instance, subscription};
use serde_json::json;

use crate::kit::{NOON, commit, on_every_database, stored_instance};

on_every_database! {
    async fn a_subscription_lives_and_retires(test: &mut TestDb) {
        let db = &test.db;
        let owner = stored_instance(db, "alice").await.id;
        let options = json!({"url": "https://example.org/é", "headers": {"b": "1", "a": "2"}, "webhookByEvents": true});
        let options = options.as_object().unwrap().clone();
        let events = EventList::new(["QRCODE_UPDATED".to_owned(), "MESSAGES_UPSERT".to_owned()]);
        let first = commit!(db, [owner, events, options], |tx| {
            subscription::upsert(tx, &owner, TransportKind::Webhook, true, &events, &options, NOON).await
        })
        .unwrap();
        assert_eq!((&first.events, &first.options), (&events, &options));
        assert!(first.wants(EventKind::MessagesUpsert));
        assert_eq!(serde_json::to_string(&first.options).unwrap(), serde_json::to_string(&options).unwrap());

        let later = Timestamp::from_millis(NOON.millis() + 1);
        let second = commit!(db, [owner, options], |tx| {
            let none = EventList::default();
            subscription::upsert(tx, &owner, TransportKind::Webhook, false, &none, &options, later).await
        })
        .unwrap();
        assert_eq!((&second.id, second.created_at, second.updated_at), (&first.id, NOON, later));
        let id = first.id.clone();
        commit!(db, [owner, id, options], |tx| {
            subscription::upsert(tx, &owner, TransportKind::Nats, true, &EventList::all(), &options, later).await?;
            subscription::set_enabled(tx, &id, true, later).await
        })
        .unwrap();
        let all = subscription::all(db).await.unwrap();
        assert_eq!(all.len(), 2);
        assert!(all.iter().all(|row| row.enabled && row.retired_at_seq.is_none()));

        commit!(db, [owner], |tx| {
            subscription::retire(tx, &owner, 77).await?;
            instance::delete(tx, &owner).await
        })
        .unwrap();
        test.reopen().await;
        let db = &test.db;
        let all = subscription::all(db).await.unwrap();
        assert!(all.len() == 2 && all.iter().all(|row| row.retired_at_seq == Some(77)));
        commit!(db, [id], |tx| subscription::delete(tx, &id).await).unwrap();
        assert_eq!(subscription::all(db).await.unwrap().len(), 1);
    }
}

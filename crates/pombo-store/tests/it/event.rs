//! The log: order, reading, pruning, cursors.

use pombo_domain::clock::Timestamp;
use pombo_domain::event::Seq;
use pombo_domain::id::RowId;
use pombo_store::{cursor, delivery, event};

use crate::kit::{NOON, commit, event as new_event, on_every_database, stored_instance};

on_every_database! {
    async fn the_log_is_read_and_pruned(test: &mut TestDb) {
        let db = &test.db;
        let alice = stored_instance(db, "alice").await;
        let bob = stored_instance(db, "bob é").await;
        assert_eq!((event::bounds(db).await.unwrap(), event::head(db).await.unwrap()), (None, 0));
        let last = commit!(db, [alice, bob], |tx| {
            for number in 0..100_i64 {
                let mut given = new_event(if number % 2 == 0 { &alice } else { &bob }, &format!("{{\"n\": {number}}}"));
                given.at = Timestamp::from_millis(number);
                tx.append_event(given);
            }
            tx.flush_events().await
        });
        assert_eq!(last.unwrap(), Some(100));
        let seqs = |events: &[std::sync::Arc<pombo_domain::event::Event>]| {
            events.iter().map(|event| event.seq.unwrap()).collect::<Vec<Seq>>()
        };
        assert_eq!(seqs(&event::after(db, None, 97, 10).await.unwrap()), [98, 99, 100]);
        assert_eq!(seqs(&event::after(db, Some(&bob.id), 0, 2).await.unwrap()), [2, 4]);
        let stretch = event::Stretch { after: 3, through: 9, from: Timestamp::from_millis(6), to: Timestamp::from_millis(8) };
        assert_eq!(seqs(&event::within(db, Some(&alice.id), stretch, 10).await.unwrap()), [7]);
        assert_eq!(seqs(&event::within(db, None, stretch, 10).await.unwrap()), [7, 8]);
        let wide = event::Stretch { from: Timestamp::from_millis(0), to: NOON, ..stretch };
        assert_eq!(seqs(&event::within(db, Some(&alice.id), wide, 2).await.unwrap()), [5, 7]);
        let one = event::get(db, 2).await.unwrap().unwrap();
        assert_eq!((one.event.instance.clone(), one.event.data.get()), (bob.reference(), "{\"n\": 1}"));
        assert_eq!(one.event.sender.as_deref(), Some("5511900000000@s.whatsapp.net"));

        // Event 3 is waited for.
        let parked = commit!(db, [alice], |tx| {
            let given = delivery::NewDelivery {
                sink: "webhook".to_owned(),
                instance_id: Some(alice.id.clone()),
                event_seq: 3,
                event_id: None,
                event_kind: None,
                subscription: RowId::from("global".to_owned()),
                attempt: 1,
                next_at: NOON,
                status: Some(503),
                error: "later".to_owned(),
                latency: None,
                created_at: None,
            };
            delivery::park(tx, &given).await
        })
        .unwrap();
        let old = Timestamp::from_millis(10);
        assert_eq!(event::prune(db, old, 1000, 5, 100).await.unwrap(), 4, "by age, not past 5, not the one waited for");
        assert_eq!(event::bounds(db).await.unwrap(), Some((3, 100)));
        assert_eq!(event::pruned_through(db).await.unwrap(), 5);
        assert_eq!(event::prune(db, old, 1000, Seq::MAX, 3).await.unwrap(), 3, "a batch");
        assert_eq!(event::prune(db, old, 1000, Seq::MAX, 100).await.unwrap(), 2);
        assert_eq!(event::prune(db, old, 1000, Seq::MAX, 100).await.unwrap(), 0);
        assert_eq!(event::prune(db, old, 50, Seq::MAX, 100).await.unwrap(), 40, "by number");
        assert_eq!(seqs(&event::after(db, None, 0, 2).await.unwrap()), [3, 51]);
        commit!(db, [], |tx| {
            let failure = delivery::Failure { attempt: 2, status: None, error: "gone".to_owned(), latency: None };
            delivery::bury(tx, parked, &failure).await
        })
        .unwrap();
        assert_eq!(event::prune(db, NOON, 0, Seq::MAX, 100).await.unwrap(), 51);
        assert_eq!(event::bounds(db).await.unwrap(), None);
        assert_eq!((event::head(db).await.unwrap(), event::pruned_through(db).await.unwrap()), (100, 100));
        commit!(db, [alice], |tx| {
            tx.append_event(new_event(&alice, "1"));
            Ok(())
        })
        .unwrap();
        assert_eq!(event::bounds(db).await.unwrap(), Some((101, 101)), "places are never used again");
    }

    async fn cursors_never_move_backwards(test: &mut TestDb) {
        let db = &test.db;
        let owner = stored_instance(db, "alice").await.id;
        for (global, seq, now) in [(true, 5, 5), (true, 3, 5), (true, 9, 9), (false, 2, 2), (false, 1, 2)] {
            commit!(db, [owner], |tx| cursor::set(tx, "webhook", (!global).then_some(&owner), seq).await).unwrap();
            let all = cursor::all(db).await.unwrap();
            let found = all.iter().find(|cursor| cursor.instance_id.is_none() == global).unwrap();
            assert_eq!((found.sink.as_str(), found.seq), ("webhook", now));
        }
        commit!(db, [], |tx| cursor::delete(tx, "webhook", None).await).unwrap();
        let all = cursor::all(db).await.unwrap();
        assert_eq!(all, [cursor::Cursor { sink: "webhook".to_owned(), instance_id: Some(owner), seq: 2 }]);
    }
}

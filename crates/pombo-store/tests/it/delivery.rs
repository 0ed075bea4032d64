//! Parked deliveries.

use std::time::Duration;

use pombo_domain::clock::Timestamp;
use pombo_domain::event::EventKind;
use pombo_domain::id::{EventId, InstanceId, RowId};
use pombo_store::delivery::{
    self, Chosen, DeliveryState, Except, Failure, Listed, NewDelivery, Of,
};

use crate::kit::{NOON, commit, event, on_every_database, stored_instance};

on_every_database! {
    async fn a_delivery_waits_and_dies(test: &mut TestDb) {
        let db = &test.db;
        let owner = stored_instance(db, "alice").await.id;
        let nobody = Except::default();
        let at = |millis: i64| Timestamp::from_millis(NOON.millis() + millis);
        let given = NewDelivery {
            sink: "webhook".to_owned(),
            instance_id: Some(owner.clone()),
            event_seq: 7,
            event_id: Some(EventId::new(NOON)),
            event_kind: Some(EventKind::MessagesUpsert),
            subscription: RowId::new(NOON),
            attempt: 1,
            next_at: at(100),
            status: Some(503),
            error: "service unavailable".to_owned(),
            latency: Some(Duration::from_millis(120)),
            created_at: Some(NOON),
        };
        assert_eq!(delivery::next_due(db, "webhook", &nobody).await.unwrap(), None);
        let global = NewDelivery { instance_id: None, event_seq: 8, next_at: at(50), status: None, ..given.clone() };
        let (first, second) = commit!(db, [given, global], |tx| {
            let first = delivery::park(tx, &given).await?;
            Ok((first, delivery::park(tx, &global).await?))
        })
        .unwrap();
        assert!(second > first);
        assert_eq!(delivery::next_due(db, "webhook", &nobody).await.unwrap(), Some(at(50)));
        assert!(delivery::due(db, "webhook", at(49), &nobody, 10).await.unwrap().is_empty());
        let due = delivery::due(db, "webhook", at(100), &nobody, 10).await.unwrap();
        assert_eq!(due.iter().map(|row| row.id).collect::<Vec<_>>(), [second, first]);
        assert_eq!((&due[1].delivery, due[1].state), (&given, DeliveryState::Waiting));
        assert_eq!(delivery::due(db, "webhook", at(100), &nobody, 1).await.unwrap().len(), 1);
        assert!(delivery::due(db, "nats", at(100), &nobody, 1).await.unwrap().is_empty());

        commit!(db, [], |tx| {
            let failure = Failure { attempt: 2, status: None, error: "timed out".to_owned(), latency: None };
            delivery::reschedule(tx, first, &failure, at(900)).await?;
            let failure = Failure { attempt: 9, status: Some(410), error: "gone".to_owned(), latency: None };
            delivery::bury(tx, second, &failure).await
        })
        .unwrap();
        assert_eq!(delivery::counts(db, "webhook").await.unwrap(), (1, 1));
        let listed = |of, state| Listed { of, state, before: None, limit: 10 };
        let waiting = delivery::list(db, "webhook", listed(Of::Line(Some(&owner)), Some(DeliveryState::Waiting))).await.unwrap();
        let again = NewDelivery { attempt: 2, next_at: at(900), status: None, error: "timed out".to_owned(), latency: None, ..given };
        assert_eq!(waiting[0].delivery, again);
        let dead = delivery::list(db, "webhook", listed(Of::Line(None), Some(DeliveryState::Dead))).await.unwrap();
        assert_eq!((dead.len(), dead[0].id, dead[0].delivery.status), (1, second, Some(410)));
        assert_eq!(delivery::list(db, "webhook", listed(Of::All, None)).await.unwrap().len(), 2);
        commit!(db, [], |tx| delivery::delete(tx, first).await).unwrap();
        assert_eq!(delivery::counts(db, "webhook").await.unwrap(), (0, 1));
    }

    async fn lines_are_left_alone(test: &mut TestDb) {
        let db = &test.db;
        let (one, two) = (stored_instance(db, "one").await.id, stored_instance(db, "two").await.id);
        let parked = |instance_id| NewDelivery { instance_id, ..waiting(1) };
        let rows = [parked(Some(one.clone())), parked(Some(two.clone())), parked(None)];
        commit!(db, [rows], |tx| {
            for row in &rows {
                delivery::park(tx, row).await?;
            }
            Ok(())
        })
        .unwrap();
        for (except, left) in [
            (Except::default(), 3),
            (Except::new([Some(one.clone())]), 2),
            (Except::new([Some(one.clone()), None]), 1),
            (Except::new([Some(one.clone()), Some(two.clone()), None]), 0),
        ] {
            assert_eq!(delivery::due(db, "webhook", NOON, &except, 10).await.unwrap().len(), left);
            assert_eq!(delivery::next_due(db, "webhook", &except).await.unwrap().is_some(), left > 0);
        }
    }

    async fn dead_letters_are_revived(test: &mut TestDb) {
        let db = &test.db;
        let (alice, bob) = (stored_instance(db, "alice").await, stored_instance(db, "bob").await);
        let places: Vec<i64> = commit!(db, [alice], |tx| {
            for _ in 0..3 {
                tx.append_event(event(&alice, "1"));
            }
            let last = tx.flush_events().await?.unwrap_or_default();
            Ok((last - 2..=last).collect())
        })
        .unwrap();
        let (owner, other) = (alice.id.clone(), bob.id.clone());
        // One of an event that is gone, and one of somebody else.
        let rows: Vec<_> = [places[0], places[1], places[2], 1_000_000]
            .map(|place| NewDelivery { instance_id: Some(owner.clone()), ..waiting(place) })
            .into_iter()
            .chain([NewDelivery { instance_id: Some(other.clone()), ..waiting(places[0]) }])
            .collect();
        let ids = commit!(db, [rows], |tx| {
            let mut ids = Vec::new();
            for row in &rows {
                let id = delivery::park(tx, row).await?;
                let failure = Failure { attempt: 4, status: Some(500), error: "no".to_owned(), latency: None };
                delivery::bury(tx, id, &failure).await?;
                ids.push(id);
            }
            Ok(ids)
        })
        .unwrap();
        let revived = async |chosen: Chosen| {
            let owner = owner.clone();
            commit!(db, [owner, chosen], |tx| delivery::revive(tx, "webhook", Some(&owner), &chosen, NOON).await).unwrap()
        };
        assert_eq!(revived(Chosen::Ids(vec![])).await, 0);
        assert_eq!(revived(Chosen::Ids(vec![ids[0], ids[4], 77_777])).await, 1);
        assert_eq!(revived(Chosen::DeadOf(vec![places[0], places[1]])).await, 1);
        assert_eq!(revived(Chosen::Dead).await, 1);
        assert_eq!(revived(Chosen::Dead).await, 0);
        assert_eq!(delivery::counts(db, "webhook").await.unwrap(), (3, 2));
        let page = Listed { of: Of::Line(Some(&owner)), state: None, before: Some(ids[3]), limit: 2 };
        let listed = delivery::list(db, "webhook", page).await.unwrap();
        assert_eq!(listed.iter().map(|row| row.id).collect::<Vec<_>>(), [ids[2], ids[1]]);
        assert_eq!((listed[0].delivery.attempt, listed[0].delivery.status), (0, Some(500)));
        let (from, through) = (places[0] - 1, places[1]);
        let found = commit!(db, [owner], |tx| delivery::parked_between(tx, "webhook", Some(&owner), from, through).await).unwrap();
        assert_eq!(found, places[..2].iter().copied().collect());
    }

    async fn the_line_for_everything_is_nobodys_and_nobodys_else(test: &mut TestDb) {
        let db = &test.db;
        let alice = stored_instance(db, "alice").await;
        let owner = alice.id.clone();
        let places: Vec<i64> = commit!(db, [alice], |tx| {
            for _ in 0..2 {
                tx.append_event(event(&alice, "1"));
            }
            let last = tx.flush_events().await?.unwrap_or_default();
            Ok((last - 1..=last).collect())
        })
        .unwrap();
        let place = places[0];
        let rows = [
            NewDelivery { instance_id: None, ..waiting(place) },
            NewDelivery { instance_id: Some(owner.clone()), ..waiting(places[1]) },
        ];
        let ids = commit!(db, [rows], |tx| {
            let mut ids = Vec::new();
            for row in &rows {
                let id = delivery::park(tx, row).await?;
                let failure = Failure { attempt: 4, status: None, error: "no".to_owned(), latency: None };
                delivery::bury(tx, id, &failure).await?;
                ids.push(id);
            }
            Ok(ids)
        })
        .unwrap();
        let page = Listed { of: Of::Line(None), state: None, before: None, limit: 10 };
        let listed = delivery::list(db, "webhook", page).await.unwrap();
        assert_eq!(listed.iter().map(|row| row.id).collect::<Vec<_>>(), [ids[0]]);
        let between = async |line: Option<InstanceId>| {
            let last = places[1];
            commit!(db, [line], |tx| delivery::parked_between(tx, "webhook", line.as_ref(), 0, last).await).unwrap()
        };
        assert_eq!(between(None).await, [place].into());
        assert_eq!(between(Some(owner)).await, [places[1]].into());
        let revived = async |chosen: Chosen| {
            commit!(db, [chosen], |tx| delivery::revive(tx, "webhook", None, &chosen, NOON).await).unwrap()
        };
        assert_eq!(revived(Chosen::Ids(vec![ids[1]])).await, 0);
        assert_eq!(revived(Chosen::DeadOf(places.clone())).await, 1);
        assert_eq!(revived(Chosen::Dead).await, 0);
        assert_eq!(delivery::counts(db, "webhook").await.unwrap(), (1, 1));
        let names = pombo_store::event::instance_names(db, &[place, 9_999]).await.unwrap();
        assert_eq!(names, [(place, "alice".to_owned())].into());
    }
}

fn waiting(event_seq: i64) -> NewDelivery {
    NewDelivery {
        sink: "webhook".to_owned(),
        instance_id: None,
        event_seq,
        event_id: None,
        event_kind: None,
        subscription: RowId::new(NOON),
        attempt: 1,
        next_at: NOON,
        status: None,
        error: String::new(),
        latency: None,
        created_at: None,
    }
}

//! Parked deliveries.

use pombo_domain::clock::Timestamp;
use pombo_domain::id::RowId;
use pombo_store::delivery::{self, DeliveryState, NewDelivery};

use crate::kit::{NOON, commit, on_every_database, stored_instance};

on_every_database! {
    async fn a_delivery_waits_and_dies(test: &mut TestDb) {
        let db = &test.db;
        let owner = stored_instance(db, "alice").await.id;
        let at = |millis: i64| Timestamp::from_millis(NOON.millis() + millis);
        let given = NewDelivery {
            sink: "webhook".to_owned(),
            instance_id: Some(owner.clone()),
            event_seq: 7,
            subscription: RowId::new(NOON),
            attempt: 1,
            next_at: at(100),
            status: Some(503),
            error: "service unavailable".to_owned(),
        };
        assert_eq!(delivery::next_due(db, "webhook").await.unwrap(), None);
        let global = NewDelivery { instance_id: None, event_seq: 8, next_at: at(50), status: None, ..given.clone() };
        let (first, second) = commit!(db, [given, global], |tx| {
            let first = delivery::park(tx, &given).await?;
            Ok((first, delivery::park(tx, &global).await?))
        })
        .unwrap();
        assert!(second > first);
        assert_eq!(delivery::next_due(db, "webhook").await.unwrap(), Some(at(50)));
        assert!(delivery::due(db, "webhook", at(49), 10).await.unwrap().is_empty());
        let due = delivery::due(db, "webhook", at(100), 10).await.unwrap();
        assert_eq!(due.iter().map(|row| row.id).collect::<Vec<_>>(), [second, first]);
        assert_eq!((&due[1].delivery, due[1].state), (&given, DeliveryState::Waiting));
        assert_eq!(delivery::due(db, "webhook", at(100), 1).await.unwrap().len(), 1);
        assert!(delivery::due(db, "nats", at(100), 1).await.unwrap().is_empty());

        commit!(db, [], |tx| {
            delivery::reschedule(tx, first, 2, at(900), None, "timed out").await?;
            delivery::bury(tx, second, 9, Some(410), "gone").await
        })
        .unwrap();
        assert_eq!(delivery::counts(db, "webhook").await.unwrap(), (1, 1));
        let waiting = delivery::list(db, "webhook", Some(&owner), Some(DeliveryState::Waiting), 10).await.unwrap();
        let again = NewDelivery { attempt: 2, next_at: at(900), status: None, error: "timed out".to_owned(), ..given };
        assert_eq!(waiting[0].delivery, again);
        let dead = delivery::list(db, "webhook", None, Some(DeliveryState::Dead), 10).await.unwrap();
        assert_eq!((dead.len(), dead[0].id, dead[0].delivery.status), (1, second, Some(410)));
        assert_eq!(delivery::list(db, "webhook", None, None, 10).await.unwrap().len(), 2);
        commit!(db, [], |tx| delivery::delete(tx, first).await).unwrap();
        assert_eq!(delivery::counts(db, "webhook").await.unwrap(), (0, 1));
    }
}

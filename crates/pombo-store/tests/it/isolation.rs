//! Nothing of one instance touches another's rows: two instances with the very same addresses and ids.

use pombo_domain::id::{InstanceId, RowId};
use pombo_domain::instance::ConnectionState;
use pombo_domain::message::{MessageStatus, MessageUpdate};
use pombo_domain::settings::Settings;
use pombo_domain::subscription::{EventList, TransportKind};
use pombo_store::{
    Page, chat, contact, cursor, event, instance, message, message_update, settings, subscription,
};

use crate::kit::{
    NOON, TestDb, commit, event as new_event, message as new_message, on_every_database,
    stored_instance,
};

const JID: &str = "5511900000001@s.whatsapp.net";
const PAGE: Page = Page {
    size: 50,
    number: 1,
};

/// Everything that can be read of an instance, as one text.
async fn all_of(test: &TestDb, id: &InstanceId) -> String {
    let db = &test.db;
    let find = message::find(db, id, &message::MessageFilter::default(), PAGE)
        .await
        .unwrap();
    let of_chat = message::MessageFilter {
        remote_jid: Some(JID.to_owned()),
        ..message::MessageFilter::default()
    };
    let in_chat = message::find(db, id, &of_chat, PAGE).await.unwrap();
    let chats = chat::overview(db, id, &chat::ChatFilter::default(), None, 0)
        .await
        .unwrap();
    let contacts = contact::find(db, id, &contact::ContactFilter::default(), None)
        .await
        .unwrap();
    let updates = message_update::find(db, id, None, None, PAGE)
        .await
        .unwrap();
    let events = event::after(db, Some(id), 0, 100).await.unwrap();
    let events: Vec<_> = events.iter().map(|event| event.seq).collect();
    let mine = |other: &InstanceId| other == id;
    let counts = instance::counts(db, Some(id)).await.unwrap();
    let row = instance::all(db, "pombo")
        .await
        .unwrap()
        .into_iter()
        .filter(|row| mine(&row.id))
        .map(|row| (row.name, row.connection));
    let row: Vec<_> = row.collect();
    let settings: Vec<_> = settings::all(db)
        .await
        .unwrap()
        .into_iter()
        .filter(|row| mine(&row.instance_id))
        .collect();
    let subscriptions: Vec<_> = subscription::all(db)
        .await
        .unwrap()
        .into_iter()
        .filter(|row| mine(&row.instance_id))
        .collect();
    let cursors: Vec<_> = cursor::all(db)
        .await
        .unwrap()
        .into_iter()
        .filter(|row| row.instance_id.as_ref().is_some_and(mine))
        .collect();
    format!(
        "{find:?}\n{in_chat:?}\n{chats:?}\n{contacts:?}\n{updates:?}\n{events:?}\n{counts:?}\n{row:?}\n{settings:?}\n\
         {subscriptions:?}\n{cursors:?}"
    )
}

async fn fill(test: &TestDb, name: &str) -> InstanceId {
    let owner = stored_instance(&test.db, name).await;
    let id = owner.id.clone();
    commit!(test.db, [owner], |tx| {
        let given = new_message(&owner.id, JID, "THE-SAME", 100);
        assert!(message::insert(tx, &given).await?);
        let touch = chat::ChatTouch {
            instance_id: &owner.id,
            remote_jid: JID,
            message: Some(&given),
            unread_add: 1,
            name: Some("Loja"),
            now: NOON,
        };
        assert!(!chat::touch(tx, &touch).await?);
        let maria = contact::NewContact {
            instance_id: &owner.id,
            remote_jid: JID,
            push_name: Some("Maria"),
            profile_pic_url: None,
            now: NOON,
        };
        assert!(!contact::upsert(tx, &maria).await?);
        let update = MessageUpdate {
            id: RowId::new(NOON),
            key_id: "THE-SAME".to_owned(),
            remote_jid: JID.to_owned(),
            from_me: false,
            participant: None,
            poll_updates: None,
            status: "READ".to_owned(),
            message_id: given.id.clone(),
            instance_id: owner.id.clone(),
        };
        message_update::insert(tx, &update).await?;
        settings::upsert(tx, &owner.id, &Settings::default(), NOON).await?;
        let (events, options) = (EventList::all(), serde_json::Map::new());
        subscription::upsert(
            tx,
            &owner.id,
            TransportKind::Webhook,
            true,
            &events,
            &options,
            NOON,
        )
        .await?;
        cursor::set(tx, "webhook", Some(&owner.id), 1).await?;
        tx.append_event(new_event(&owner, "{}"));
        Ok(())
    })
    .unwrap();
    id
}

on_every_database! {
    async fn two_instances_with_the_same_everything(test: &mut TestDb) {
        let alice = fill(test, "alice").await;
        let bob = fill(test, "bob").await;
        let before = all_of(test, &bob).await;
        assert!(before.contains("THE-SAME") && before.contains("messages: 1"), "{before}");
        let db = &test.db;
        let changed = commit!(db, [alice], |tx| {
            message::set_status(tx, &alice, "THE-SAME", MessageStatus::Read).await?;
            message::insert(tx, &new_message(&alice, JID, "ANOTHER", 200)).await?;
            chat::mark_read(tx, &alice, JID, NOON).await?;
            let maria = contact::NewContact {
                instance_id: &alice,
                remote_jid: JID,
                push_name: Some("Joana"),
                profile_pic_url: Some("https://example.org/1.jpg"),
                now: NOON,
            };
            contact::upsert(tx, &maria).await?;
            let settings_now = Settings { reject_call: true, ..Settings::default() };
            settings::upsert(tx, &alice, &settings_now, NOON).await?;
            subscription::retire(tx, &alice, 1).await?;
            cursor::set(tx, "webhook", Some(&alice), 2).await?;
            instance::set_connection(tx, &alice, ConnectionState::Open, NOON).await?;
            instance::set_profile(tx, &alice, Some("1"), Some("2"), Some("3"), NOON).await
        });
        changed.unwrap();
        assert_eq!(all_of(test, &bob).await, before);
        commit!(db, [alice], |tx| instance::delete(tx, &alice).await).unwrap();
        assert_eq!(all_of(test, &bob).await, before);

        let left = all_of(test, &alice).await;
        assert!(!left.contains("THE-SAME"), "{left}");
        assert_eq!(event::after(db, Some(&alice), 0, 10).await.unwrap().len(), 1, "events stay");
        let kept = subscription::all(db).await.unwrap();
        assert!(kept.iter().any(|row| row.instance_id == alice && row.retired_at_seq == Some(1)), "retired ones stay");
        assert!(cursor::all(db).await.unwrap().iter().any(|row| row.instance_id.as_ref() == Some(&alice)));
        assert!(settings::all(db).await.unwrap().iter().all(|row| row.instance_id == bob));
    }
}

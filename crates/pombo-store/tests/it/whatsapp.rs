//! Statuses, edits, votes, labels, numbers, and messages on their way out.

use pombo_domain::clock::Timestamp;
use pombo_domain::id::RowId;
use pombo_domain::label::Label;
use pombo_domain::message::MessageStatus;
use pombo_store::chat::ChatTouch;
use pombo_store::number_cache::KnownNumber;
use pombo_store::poll_vote::Vote;
use pombo_store::{chat, instance, label, message, number_cache, outbox, poll_vote};
use serde_json::json;

use crate::kit::{NOON, commit, message as new_message, on_every_database, stored_instance};

on_every_database! {
    async fn a_status_moves_forward_and_says_whether_it_did(test: &mut TestDb) {
        let db = &test.db;
        let (owner, other) = (stored_instance(db, "alice").await.id, stored_instance(db, "bob").await.id);
        let mut given = new_message(&owner, "1@lid", "K", 1);
        given.key.from_me = true;
        commit!(db, [given], |tx| message::insert(tx, &given).await).unwrap();
        for (status, news, stored) in [
            (MessageStatus::Pending, true, MessageStatus::Pending),
            (MessageStatus::DeliveryAck, true, MessageStatus::DeliveryAck),
            (MessageStatus::ServerAck, false, MessageStatus::DeliveryAck),
            (MessageStatus::DeliveryAck, false, MessageStatus::DeliveryAck),
            (MessageStatus::Read, true, MessageStatus::Read),
        ] {
            let outcome = commit!(db, [owner], |tx| {
                let mut found = message::in_tx(tx, &owner, "K", Some(true)).await?.expect("stored");
                let news = message::advance(tx, &mut found, status).await?;
                Ok((news, found.status))
            });
            assert_eq!(outcome.unwrap(), (news, Some(stored)), "{status:?}");
            assert_eq!(message::by_key_id(db, &owner, "K").await.unwrap().unwrap().status, Some(stored));
        }
        let found = commit!(db, [owner, other], |tx| {
            Ok((message::in_tx(tx, &owner, "K", Some(false)).await?, message::in_tx(tx, &other, "K", None).await?))
        });
        assert_eq!(found.unwrap(), (None, None), "the other direction and the other instance have none");
    }

    async fn a_rewritten_message_keeps_its_place(test: &mut TestDb) {
        let db = &test.db;
        let owner = stored_instance(db, "alice").await.id;
        let mut given = new_message(&owner, "1@lid", "K", 7);
        commit!(db, [given], |tx| message::insert(tx, &given).await).unwrap();
        given.message = json!({"conversation": "edited"});
        given.context_info = Some(json!({"expiration": 0}));
        given.status = Some(MessageStatus::Edited);
        given.key.more.insert("deleted".to_owned(), true.into());
        commit!(db, [given], |tx| message::rewrite(tx, &given).await).unwrap();
        assert_eq!(message::by_key_id(db, &owner, "K").await.unwrap(), Some(given));
    }

    async fn a_chat_is_read_up_to_a_time(test: &mut TestDb) {
        let db = &test.db;
        let owner = stored_instance(db, "alice").await.id;
        for (id, time, from_me) in [("A", 1, false), ("B", 2, false), ("C", 3, true), ("D", 4, false)] {
            let mut given = new_message(&owner, "1@lid", id, time);
            given.key.from_me = from_me;
            given.status = Some(MessageStatus::DeliveryAck);
            commit!(db, [given], |tx| {
                message::insert(tx, &given).await?;
                let touch = ChatTouch {
                    instance_id: &given.instance_id,
                    remote_jid: &given.key.remote_jid,
                    message: Some(&given),
                    unread_add: i64::from(!given.key.from_me),
                    name: None,
                    now: NOON,
                };
                chat::touch(tx, &touch).await
            })
            .unwrap();
        }
        let (read, left) = commit!(db, [owner], |tx| {
            let read = message::read_up_to(tx, &owner, "1@lid", 2).await?;
            let left = message::unread(tx, &owner, "1@lid", 2).await?;
            chat::set_unread(tx, &owner, "1@lid", left, NOON).await?;
            Ok((read, left))
        })
        .unwrap();
        assert_eq!((read, left), (2, 1));
        let found = chat::by_remote_jid(db, &owner, "1@lid").await.unwrap().unwrap();
        assert_eq!(found.unread_messages, 1);
        assert_eq!(message::by_key_id(db, &owner, "C").await.unwrap().unwrap().status, Some(MessageStatus::DeliveryAck));
    }

    async fn labels_come_and_go(test: &mut TestDb) {
        let db = &test.db;
        let owner = stored_instance(db, "alice").await.id;
        let mut given = Label { color: "4".into(), name: "New".into(), id: "5".into(), predefined_id: Some("2".into()) };
        assert!(!commit!(db, [owner, given], |tx| label::upsert(tx, &owner, &given, NOON).await).unwrap());
        given.name = "Old".into();
        assert!(commit!(db, [owner, given], |tx| label::upsert(tx, &owner, &given, NOON).await).unwrap());
        assert_eq!(label::all(db, &owner).await.unwrap(), [given]);
        let on_chat = commit!(db, [owner], |tx| {
            let before = chat::set_label(tx, &owner, "1@lid", "5", true, NOON).await?;
            let touch = ChatTouch { instance_id: &owner, remote_jid: "1@lid", message: None, unread_add: 0, name: None, now: NOON };
            chat::touch(tx, &touch).await?;
            chat::set_label(tx, &owner, "1@lid", "4", true, NOON).await?;
            chat::set_label(tx, &owner, "1@lid", "5", true, NOON).await?;
            chat::set_label(tx, &owner, "1@lid", "5", true, NOON).await?;
            chat::set_label(tx, &owner, "1@lid", "4", false, NOON).await?;
            Ok(before)
        });
        assert!(!on_chat.unwrap(), "there was no chat at first");
        let found = chat::by_remote_jid(db, &owner, "1@lid").await.unwrap().unwrap();
        assert_eq!(found.labels, Some(json!(["5"])));
        assert!(commit!(db, [owner], |tx| label::delete(tx, &owner, "5").await).unwrap());
        assert!(!commit!(db, [owner], |tx| label::delete(tx, &owner, "5").await).unwrap());
    }

    async fn the_newest_vote_of_a_voter_counts(test: &mut TestDb) {
        let db = &test.db;
        let owner = stored_instance(db, "alice").await.id;
        let poll = RowId::new(NOON);
        for (voter, options, at, counts) in [
            ("2@lid", vec!["Yes"], 10, true),
            ("1@lid", vec!["Yes", "No"], 11, true),
            ("2@lid", vec!["No"], 9, false),
            ("2@lid", vec![], 12, true),
        ] {
            let vote = Vote { voter: voter.into(), options: options.iter().map(|&option| option.to_owned()).collect() };
            let counted = commit!(db, [owner, poll, vote], |tx| poll_vote::cast(tx, &owner, &poll, &vote, at).await);
            assert_eq!(counted.unwrap(), counts);
        }
        let votes = commit!(db, [owner, poll], |tx| poll_vote::of_poll(tx, &owner, &poll).await).unwrap();
        let shown: Vec<_> = votes.iter().map(|vote| (vote.voter.as_str(), vote.options.len())).collect();
        assert_eq!(shown, [("1@lid", 2), ("2@lid", 0)]);
    }

    async fn numbers_are_known_for_a_while(test: &mut TestDb) {
        let db = &test.db;
        let owner = stored_instance(db, "alice").await.id;
        let known = KnownNumber { asked: "1@s.whatsapp.net".into(), jid: "11@s.whatsapp.net".into(), lid: Some("9@lid".into()) };
        commit!(db, [owner, known], |tx| number_cache::remember(tx, &owner, &known, NOON).await).unwrap();
        let later = Timestamp::from_millis(NOON.millis() + 1);
        assert_eq!(number_cache::find(db, &owner, "1@s.whatsapp.net", NOON).await.unwrap(), Some(known));
        assert_eq!(number_cache::find(db, &owner, "1@s.whatsapp.net", later).await.unwrap(), None);
        assert_eq!(number_cache::find(db, &owner, "11@s.whatsapp.net", NOON).await.unwrap(), None, "exact, never a part");
    }

    async fn what_is_on_its_way_is_remembered(test: &mut TestDb) {
        let db = &test.db;
        let owner = stored_instance(db, "alice").await.id;
        let given = new_message(&owner, "1@lid", "K", 7);
        commit!(db, [given], |tx| {
            message::insert(tx, &given).await?;
            outbox::begin(tx, &given.instance_id, &given.id, NOON).await
        })
        .unwrap();
        let left = outbox::unsettled(db, &owner).await.unwrap();
        assert_eq!(left, std::slice::from_ref(&given));
        commit!(db, [given], |tx| outbox::end(tx, &given.instance_id, &given.id).await).unwrap();
        assert!(outbox::unsettled(db, &owner).await.unwrap().is_empty());
        commit!(db, [given], |tx| outbox::begin(tx, &given.instance_id, &given.id, NOON).await).unwrap();
        commit!(db, [owner], |tx| instance::delete(tx, &owner).await).unwrap();
        assert!(outbox::unsettled(db, &owner).await.unwrap().is_empty());
    }
}

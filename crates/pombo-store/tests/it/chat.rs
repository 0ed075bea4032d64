//! Chats: one row each, which knows its last message.

use pombo_domain::clock::Timestamp;
use pombo_store::chat::{self, ChatFilter, ChatTouch};
use pombo_store::{Page, contact, message};

use crate::kit::{NOON, commit, message as new_message, on_every_database, stored_instance};

on_every_database! {
    async fn the_overview_is_newest_first(test: &mut TestDb) {
        let db = &test.db;
        let owner = stored_instance(db, "alice").await.id;
        commit!(db, [owner], |tx| {
            // Seconds are out of order within each chat: the newest counts, not the last one stored.
            for (jid, seconds) in [("1@g.us", 10), ("2@g.us", 30), ("1@g.us", 40), ("1@g.us", 20), ("3@g.us", 5)] {
                let given = new_message(&owner, jid, &format!("K{seconds}"), seconds);
                message::insert(tx, &given).await?;
                let touch = ChatTouch {
                    instance_id: &owner,
                    remote_jid: jid,
                    message: Some(&given),
                    unread_add: 1,
                    name: None,
                    now: NOON,
                };
                chat::touch(tx, &touch).await?;
            }
            let named = ChatTouch {
                instance_id: &owner,
                remote_jid: "4@g.us",
                message: None,
                unread_add: 0,
                name: Some("Sem mensagens"),
                now: NOON,
            };
            assert!(!chat::touch(tx, &named).await?);
            assert!(chat::touch(tx, &ChatTouch { name: Some(""), ..named }).await?, "an empty name changes nothing");
            let maria = contact::NewContact {
                instance_id: &owner,
                remote_jid: "2@g.us",
                push_name: Some("Maria"),
                profile_pic_url: None,
                now: NOON,
            };
            contact::upsert(tx, &maria).await
        })
        .unwrap();
        let jids = async |filter: ChatFilter, take: Option<u32>, skip: u32| {
            let rows = chat::overview(db, &owner, &filter, take, skip).await.unwrap();
            let line = |row: &chat::ChatOverview| {
                let last = row.last_message.as_ref().map_or("-", |message| message.key.id.as_str());
                format!("{} {last}", row.chat.remote_jid)
            };
            rows.iter().map(line).collect::<Vec<_>>().join(", ")
        };
        let base = ChatFilter::default;
        assert_eq!(jids(base(), None, 0).await, "1@g.us K40, 2@g.us K30, 3@g.us K5, 4@g.us -");
        assert_eq!(jids(base(), Some(2), 1).await, "2@g.us K30, 3@g.us K5");
        assert_eq!(jids(ChatFilter { remote_jid: Some("3@g.us".to_owned()), ..base() }, None, 0).await, "3@g.us K5");
        assert_eq!(jids(ChatFilter { key_id: Some("K20".to_owned()), ..base() }, None, 0).await, "1@g.us K40");
        let times = ChatFilter { from_seconds: Some(6), to_seconds: Some(39), ..base() };
        assert_eq!(jids(times.clone(), None, 0).await, "2@g.us K30, 1@g.us K20", "the last message within the time");
        assert_eq!(jids(times, Some(1), 1).await, "1@g.us K20");
        assert_eq!(jids(ChatFilter { from_seconds: Some(31), ..base() }, None, 0).await, "1@g.us K40");

        let rows = chat::overview(db, &owner, &base(), None, 0).await.unwrap();
        assert_eq!(rows[0].chat.unread_messages, 3);
        assert_eq!(rows[1].contact.as_ref().unwrap().push_name.as_deref(), Some("Maria"));
        assert!(rows[0].contact.is_none());
        assert_eq!(rows[3].chat.name.as_deref(), Some("Sem mensagens"));

        let later = Timestamp::from_millis(NOON.millis() + 1);
        assert!(commit!(db, [owner], |tx| chat::mark_read(tx, &owner, "1@g.us", later).await).unwrap());
        assert!(!commit!(db, [owner], |tx| chat::mark_read(tx, &owner, "9@g.us", later).await).unwrap());
        let read = chat::by_remote_jid(db, &owner, "1@g.us").await.unwrap().unwrap();
        assert_eq!((read.unread_messages, read.updated_at, read.created_at, read.labels), (0, later, NOON, None));
        assert_eq!(chat::by_remote_jid(db, &owner, "1@G.us").await.unwrap(), None);
    }

    async fn messages_kept_before_their_chat_are_counted(test: &mut TestDb) {
        let db = &test.db;
        let owner = stored_instance(db, "alice").await.id;
        let total = async || {
            let filter = message::MessageFilter { remote_jid: Some("1@g.us".to_owned()), ..Default::default() };
            message::find(db, &owner, &filter, Page { size: 10, number: 1 }).await.unwrap().total
        };
        let touch = async |with: &str, first: bool| {
            let given = new_message(&owner, "1@g.us", with, 1);
            commit!(db, [owner, given], |tx| {
                let touch = ChatTouch {
                    instance_id: &owner,
                    remote_jid: "1@g.us",
                    message: Some(&given),
                    unread_add: 0,
                    name: None,
                    now: NOON,
                };
                if first {
                    chat::touch(tx, &touch).await?;
                }
                message::insert(tx, &given).await?;
                if !first {
                    chat::touch(tx, &touch).await?;
                }
                Ok(())
            })
            .unwrap();
        };
        let bare = async |id: &str| {
            let given = new_message(&owner, "1@g.us", id, 1);
            commit!(db, [given], |tx| message::insert(tx, &given).await).unwrap();
        };
        bare("A").await;
        assert_eq!(total().await, 1);
        touch("B", false).await;
        assert_eq!(total().await, 2);
        bare("C").await;
        assert_eq!(total().await, 3);
        touch("D", true).await;
        touch("D", true).await;
        assert_eq!(total().await, 4);
    }
}

//! Messages: stored once, found by every filter, paged exactly.

use std::collections::HashSet;

use pombo_domain::id::RowId;
use pombo_domain::message::{DeviceSource, MessageStatus, MessageUpdate};
use pombo_store::message::MessageFilter;
use pombo_store::{Page, StoreError, chat, instance, message, message_update};
use serde_json::json;

use crate::kit::{NOON, commit, message as new_message, on_every_database, stored_instance};

const PAGE: Page = Page {
    size: 50,
    number: 1,
};

on_every_database! {
    async fn what_is_stored_comes_back(test: &mut TestDb) {
        let db = &test.db;
        let owner = stored_instance(db, "alice").await.id;
        let mut given = new_message(&owner, "120363@g.us", "3EB0", 1_795_393_200);
        given.key.participant = Some("1@lid".to_owned());
        given.key.more.insert("remoteJidAlt".to_owned(), json!("120364@g.us"));
        given.key.more.insert("addressingMode".to_owned(), json!("lid"));
        given.context_info = Some(json!({"mentionedJid": ["2@lid"], "quotedMessage": {"conversation": "\u{0}"}}));
        given.participant = Some("1@lid".to_owned());
        given.status = Some(MessageStatus::ServerAck);
        given.webhook_url = Some("https://example.org/hook?a=1".to_owned());
        given.message = json!({"z": 1.5, "a": "\u{0} \u{2028} 'quoted' \\ \u{1f426}", "list": [null, true, {"deep": 9_007_199_254_740_993_i64}]});
        assert!(commit!(db, [given], |tx| message::insert(tx, &given).await).unwrap());
        let page = message::find(db, &owner, &MessageFilter::default(), PAGE).await.unwrap();
        assert_eq!(page.total, 1);
        assert_eq!(page.records[0].message, given);
        assert_eq!(page.records[0].message.message.to_string(), given.message.to_string(), "members keep their order");
        assert_eq!(message::by_key_id(db, &owner, "3EB0").await.unwrap(), Some(given));
        assert_eq!(message::by_key_id(db, &owner, "3eb0").await.unwrap(), None);
    }

    async fn a_message_is_stored_once(test: &mut TestDb) {
        let db = &test.db;
        let owner = stored_instance(db, "alice").await.id;
        let first = new_message(&owner, "1@g.us", "K", 1);
        assert!(commit!(db, [first], |tx| message::insert(tx, &first).await).unwrap());
        let mut again = new_message(&owner, "1@g.us", "K", 2);
        again.push_name = Some("Other".to_owned());
        assert!(!commit!(db, [again], |tx| message::insert(tx, &again).await).unwrap());
        // Twice in one group, of which one is new; and what differs in chat, direction or case.
        let mut mine = new_message(&owner, "1@g.us", "K", 3);
        mine.key.from_me = true;
        let others = [
            new_message(&owner, "1@G.us", "K", 3),
            mine,
            new_message(&owner, "1@g.us", "k", 3),
            new_message(&owner, "1@g.us", "K ", 3),
        ];
        for given in &others {
            let mut tasks = tokio::task::JoinSet::new();
            for _ in 0..5 {
                let (db, mut given) = (db.clone(), given.clone());
                given.id = RowId::new(NOON);
                tasks.spawn(async move { commit!(db, [given], |tx| message::insert(tx, &given).await).unwrap() });
            }
            let answers = tasks.join_all().await;
            assert_eq!(answers.iter().filter(|new| **new).count(), 1, "{:?}", given.key);
        }
        let page = message::find(db, &owner, &MessageFilter::default(), PAGE).await.unwrap();
        assert_eq!((page.total, page.records.len()), (5, 5));
        assert_eq!(message::by_key_id(db, &owner, "K ").await.unwrap().unwrap().key.id, "K ");
    }

    async fn every_filter_finds(test: &mut TestDb) {
        let db = &test.db;
        let owner = stored_instance(db, "alice").await.id;
        let mut special = new_message(&owner, "2@g.us", "SPECIAL", 50);
        special.key.from_me = true;
        special.key.participant = Some("9@lid".to_owned());
        special.key.more.insert("remoteJidAlt".to_owned(), json!("22@s.whatsapp.net"));
        special.message_type = "imageMessage".to_owned();
        special.source = DeviceSource::Ios;
        commit!(db, [owner, special], |tx| {
            for second in 0..100 {
                message::insert(tx, &new_message(&owner, "1@g.us", &format!("K{second}"), second)).await?;
            }
            message::insert(tx, &special).await
        })
        .unwrap();
        let base = MessageFilter::default;
        for (filter, total) in [
            (base(), 101),
            (MessageFilter { id: Some(special.id.to_string()), ..base() }, 1),
            (MessageFilter { source: Some(DeviceSource::Ios), ..base() }, 1),
            (MessageFilter { message_type: Some("imageMessage".to_owned()), ..base() }, 1),
            (MessageFilter { from_seconds: Some(90), ..base() }, 10),
            (MessageFilter { to_seconds: Some(9), ..base() }, 10),
            (MessageFilter { from_seconds: Some(50), to_seconds: Some(50), ..base() }, 2),
            (MessageFilter { key_id: Some("K7".to_owned()), ..base() }, 1),
            (MessageFilter { remote_jid: Some("1@g.us".to_owned()), ..base() }, 100),
            (MessageFilter { remote_jid: Some("1@G.us".to_owned()), ..base() }, 0),
            (MessageFilter { remote_jid_alt: Some("22@s.whatsapp.net".to_owned()), ..base() }, 1),
            (MessageFilter { remote_jid: Some("1@g.us".to_owned()), remote_jid_alt: Some("x".to_owned()), ..base() }, 100),
            (MessageFilter { from_me: Some(true), ..base() }, 1),
            (MessageFilter { from_me: Some(false), ..base() }, 100),
            (MessageFilter { participant: Some("9@lid".to_owned()), ..base() }, 1),
            (MessageFilter { key_id: Some("nobody".to_owned()), ..base() }, 0),
        ] {
            let page = message::find(db, &owner, &filter, Page { size: 500, number: 1 }).await.unwrap();
            assert_eq!(page.total, total, "{filter:?}");
            assert_eq!(i64::try_from(page.records.len()).unwrap(), total, "{filter:?}");
        }
    }

    async fn pages_are_exact_from_both_ends(test: &mut TestDb) {
        let db = &test.db;
        let owner = stored_instance(db, "alice").await.id;
        commit!(db, [owner], |tx| {
            for number in 0..103 {
                let given = new_message(&owner, &format!("{}@g.us", number % 2), &number.to_string(), number / 3);
                message::insert(tx, &given).await?;
                let touch = chat::ChatTouch {
                    instance_id: &owner,
                    remote_jid: &given.key.remote_jid,
                    message: Some(&given),
                    unread_add: 0,
                    name: None,
                    now: NOON,
                };
                // One chat only: the other's messages are counted without it.
                if number % 2 == 0 {
                    chat::touch(tx, &touch).await?;
                }
            }
            Ok(())
        })
        .unwrap();
        for remote_jid in [None, Some("0@g.us".to_owned()), Some("1@g.us".to_owned())] {
            let filter = MessageFilter { remote_jid: remote_jid.clone(), ..MessageFilter::default() };
            let whole = message::find(db, &owner, &filter, Page { size: 1000, number: 1 }).await.unwrap();
            let expected = match remote_jid.as_deref() {
                None => 103,
                Some("0@g.us") => 52,
                Some(_) => 51,
            };
            assert_eq!((whole.total, whole.records.len()), (expected, usize::try_from(expected).unwrap()));
            let order: Vec<_> = whole.records.iter().map(|record| (record.message.timestamp, record.message.id.clone())).collect();
            assert!(order.windows(2).all(|pair| pair[0] > pair[1]), "newest first");
            for size in [1, 7, 10, 51, 52, 103] {
                let mut paged = Vec::new();
                let pages = u32::try_from(expected).unwrap().div_ceil(size);
                for number in 1..=pages {
                    let page = message::find(db, &owner, &filter, Page { size, number }).await.unwrap();
                    assert_eq!(page.total, expected);
                    paged.extend(page.records);
                }
                assert_eq!(paged, whole.records, "pages of {size}");
                assert!(message::find(db, &owner, &filter, Page { size, number: pages + 1 }).await.unwrap().records.is_empty());
            }
        }
    }

    async fn far_pages_are_found_by_day_and_minute(test: &mut TestDb) {
        let db = &test.db;
        let owner = stored_instance(db, "alice").await.id;
        // Out of order, over three days, with many in one second, and some before 1970.
        for first in (0..6000_i64).step_by(1000) {
            commit!(db, [owner], |tx| {
                for number in first..first + 1000 {
                    let second = match number % 4 {
                        0 => 100_000,
                        1 => (number * 7919) % 260_000,
                        2 => -((number * 31) % 5000),
                        _ => number,
                    };
                    message::insert(tx, &new_message(&owner, "1@g.us", &number.to_string(), second)).await?;
                }
                Ok(())
            })
            .unwrap();
        }
        let all = MessageFilter::default();
        let whole = message::find(db, &owner, &all, Page { size: 6000, number: 1 }).await.unwrap();
        assert_eq!((whole.total, whole.records.len()), (6000, 6000));
        for number in [1, 2, 15, 21, 22, 27, 30, 31, 39, 40, 45, 59, 60] {
            let page = message::find(db, &owner, &all, Page { size: 100, number }).await.unwrap();
            let start = usize::try_from(number - 1).unwrap() * 100;
            assert!(page.records == whole.records[start..start + 100], "page {number}");
        }
    }

    async fn updates_and_statuses(test: &mut TestDb) {
        let db = &test.db;
        let owner = stored_instance(db, "alice").await.id;
        let given = new_message(&owner, "1@g.us", "K", 1);
        commit!(db, [given], |tx| message::insert(tx, &given).await).unwrap();
        for status in [MessageStatus::ServerAck, MessageStatus::Read, MessageStatus::DeliveryAck] {
            let after = commit!(db, [owner, given], |tx| {
                let update = MessageUpdate {
                    id: RowId::new(NOON),
                    key_id: "K".to_owned(),
                    remote_jid: "1@g.us".to_owned(),
                    from_me: false,
                    participant: None,
                    poll_updates: Some(json!([{"name": "sim", "voters": []}])),
                    status: status.as_str().to_owned(),
                    message_id: given.id.clone(),
                    instance_id: owner.clone(),
                };
                message_update::insert(tx, &update).await?;
                message::set_status(tx, &owner, "K", status).await
            });
            assert_eq!(after.unwrap().unwrap().status, Some(status.min(MessageStatus::Read).max(if status == MessageStatus::DeliveryAck { MessageStatus::Read } else { status })));
        }
        assert_eq!(commit!(db, [owner], |tx| message::set_status(tx, &owner, "none", MessageStatus::Read).await).unwrap(), None);
        let page = message::find(db, &owner, &MessageFilter::default(), PAGE).await.unwrap();
        assert_eq!(page.records[0].message.status, Some(MessageStatus::Read));
        let steps: HashSet<_> = page.records[0].updates.iter().map(String::as_str).collect();
        assert_eq!(steps, HashSet::from(["SERVER_ACK", "READ", "DELIVERY_ACK"]));
        for (jid, key, size, found) in [
            (None, None, 50, 3),
            (Some("1@g.us"), None, 50, 3),
            (None, Some("K"), 2, 2),
            (Some("2@g.us"), Some("K"), 50, 0),
        ] {
            let rows = message_update::find(db, &owner, jid, key, Page { size, number: 1 }).await.unwrap();
            assert_eq!(rows.len(), found);
            assert!(rows.iter().all(|row| row.poll_updates.is_some()));
        }
    }

    async fn long_texts_fit_and_long_keys_are_refused(test: &mut TestDb) {
        let db = &test.db;
        let owner = stored_instance(db, "alice").await.id;
        let mut given = new_message(&owner, "1@g.us", &"é".repeat(255), 1);
        given.key.remote_jid = "é".repeat(255);
        // What a server takes at once is its own setting; 12 MB fit into MariaDB's default.
        let size = if db.describe().starts_with("MySQL") { 12 } else { 40 };
        given.message = json!({"base64": "A".repeat(size << 20)});
        assert!(commit!(db, [given], |tx| message::insert(tx, &given).await).unwrap());
        assert_eq!(message::by_key_id(db, &owner, &given.key.id).await.unwrap().unwrap(), given);
        for (id, jid) in [("x".repeat(256), "1".to_owned()), ("x".to_owned(), "1".repeat(5000))] {
            let given = new_message(&owner, &jid, &id, 1);
            let refused = commit!(db, [given], |tx| message::insert(tx, &given).await);
            assert!(matches!(refused, Err(StoreError::TooLong(_))), "{refused:?}");
        }
        assert_eq!(instance::counts(db, None).await.unwrap()[&owner].messages, 1);
    }
}

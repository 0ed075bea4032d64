//! Instances: what is stored comes back, names are unique, deletion is complete.

use pombo_domain::clock::Timestamp;
use pombo_domain::instance::ConnectionState;
use pombo_domain::proxy::Proxy;
use pombo_domain::settings::Settings;
use pombo_store::{Page, StoreError, chat, instance, message, proxy, settings};

use crate::kit::{
    NOON, commit, instance as new_instance, message as new_message, on_every_database,
    stored_instance,
};

on_every_database! {
    async fn what_is_stored_comes_back(test: &mut TestDb) {
        let db = &test.db;
        let odd = "Ação \u{1f426} 'x\"; -- ".to_owned() + &"é".repeat(200);
        let mut given = new_instance(&odd);
        given.token = "t0\\k'en".to_owned();
        let id = given.id.clone();
        commit!(db, [given], |tx| instance::insert(tx, &given).await).unwrap();
        let later = Timestamp::from_millis(NOON.millis() + 5);
        commit!(db, [id], |tx| {
            instance::set_connection(tx, &id, ConnectionState::Open, later).await?;
            instance::set_profile(tx, &id, Some("5511@s.whatsapp.net"), Some("Loja"), None, later).await?;
            instance::set_disconnection(tx, &id, Some(401), Some("{\"a\":1}"), later).await
        })
        .unwrap();
        test.reopen().await;
        let all = instance::all(&test.db, "pombo").await.unwrap();
        assert_eq!(all.len(), 1);
        let read = &all[0];
        assert_eq!(read.id, given.id);
        assert_eq!(read.name, given.name);
        assert_eq!(read.token, given.token);
        assert_eq!(read.connection, ConnectionState::Open);
        assert_eq!(read.owner_jid.as_deref(), Some("5511@s.whatsapp.net"));
        assert_eq!(read.profile_name.as_deref(), Some("Loja"));
        assert_eq!(read.profile_pic_url, None);
        assert_eq!(read.number, given.number);
        assert_eq!(read.disconnection_reason_code, Some(401));
        assert_eq!(read.disconnection_object.as_deref(), Some("{\"a\":1}"));
        assert_eq!((read.created_at, read.updated_at, read.disconnection_at), (NOON, later, Some(later)));
        assert!(instance::all(&test.db, "other").await.unwrap().is_empty());
    }

    async fn one_name_is_taken_once(test: &mut TestDb) {
        let db = &test.db;
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let db = db.clone();
            tasks.spawn(async move {
                let given = new_instance("alice");
                commit!(db, [given], |tx| instance::insert(tx, &given).await)
            });
        }
        let outcomes = tasks.join_all().await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(()) | Err(StoreError::Taken))));
        // Case and trailing spaces make other names.
        for name in ["Alice", "alice ", "alicé"] {
            stored_instance(db, name).await;
        }
        assert_eq!(instance::all(db, "pombo").await.unwrap().len(), 4);
    }

    async fn settings_and_proxies_keep_id_and_birth(test: &mut TestDb) {
        let db = &test.db;
        let owner = stored_instance(db, "alice").await.id;
        let given = Settings { reject_call: true, msg_call: "não atendo".to_owned(), ..Settings::default() };
        let first = commit!(db, [owner, given], |tx| settings::upsert(tx, &owner, &given, NOON).await).unwrap();
        assert_eq!((first.settings.clone(), first.created_at, first.updated_at), (given, NOON, NOON));
        let later = Timestamp::from_millis(NOON.millis() + 5);
        let second = commit!(db, [owner], |tx| settings::upsert(tx, &owner, &Settings::default(), later).await).unwrap();
        assert_eq!((second.id.clone(), second.created_at, second.updated_at), (first.id, NOON, later));
        assert_eq!(settings::all(db).await.unwrap(), [second]);

        let given = Proxy { enabled: true, host: "10.0.0.1".to_owned(), port: "8080".to_owned(), ..Proxy::default() };
        let row = commit!(db, [owner, given], |tx| proxy::upsert(tx, &owner, &given, NOON).await).unwrap();
        assert_eq!(row.proxy, given);
        assert_eq!(proxy::all(db).await.unwrap(), [row]);
    }

    async fn a_large_instance_is_gone_at_once_and_swept_later(test: &mut TestDb) {
        let db = &test.db;
        let owner = stored_instance(db, "alice").await.id;
        let other = stored_instance(db, "bob").await.id;
        for first in (0..2400).step_by(400) {
            commit!(db, [owner], |tx| {
                for number in first..first + 400 {
                    let given = new_message(&owner, &format!("{}@g.us", number % 600), &number.to_string(), number);
                    message::insert(tx, &given).await?;
                    let touch = chat::ChatTouch {
                        instance_id: &owner,
                        remote_jid: &given.key.remote_jid,
                        message: Some(&given),
                        unread_add: 0,
                        name: None,
                        now: NOON,
                    };
                    chat::touch(tx, &touch).await?;
                }
                Ok(())
            })
            .unwrap();
        }
        let given = new_message(&other, "1@g.us", "1", 1);
        commit!(db, [given], |tx| message::insert(tx, &given).await).unwrap();
        commit!(db, [owner], |tx| instance::delete(tx, &owner).await).unwrap();
        assert_eq!(instance::all(db, "pombo").await.unwrap().len(), 1);
        stored_instance(db, "alice").await;
        // The rest goes while nothing else is written.
        let page = Page { size: 1, number: 1 };
        let by_key = message::MessageFilter { from_me: Some(false), ..message::MessageFilter::default() };
        for round in 0.. {
            let left = message::find(db, &owner, &by_key, page).await.unwrap().total;
            if left == 0 && instance::counts(db, Some(&owner)).await.unwrap().is_empty() {
                break;
            }
            assert!(round < 500, "{left} messages are left");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert_eq!(message::find(db, &other, &by_key, page).await.unwrap().total, 1);
    }
}

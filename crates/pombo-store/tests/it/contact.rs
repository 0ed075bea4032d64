//! Contacts: never overwritten by nothing.

use pombo_domain::clock::Timestamp;
use pombo_store::contact::{self, ContactFilter, NewContact};
use pombo_store::{Page, instance};

use crate::kit::{NOON, commit, on_every_database, stored_instance};

on_every_database! {
    async fn nothing_overwrites_nothing(test: &mut TestDb) {
        let db = &test.db;
        let owner = stored_instance(db, "alice").await.id;
        let at = |millis: i64| Timestamp::from_millis(NOON.millis() + millis);
        for (name, picture, time, existed, shown, updated) in [
            (None, None, 0, false, (None, None), 0),
            (Some("Maria"), None, 1, true, (Some("Maria"), None), 1),
            (Some(""), Some(""), 2, true, (Some("Maria"), None), 1),
            (None, Some("p1"), 3, true, (Some("Maria"), Some("p1")), 3),
            (Some("Maria"), Some("p1"), 4, true, (Some("Maria"), Some("p1")), 3),
            (Some("maria"), None, 5, true, (Some("maria"), Some("p1")), 5),
        ] {
            let was = commit!(db, [owner], |tx| {
                let given = NewContact {
                    instance_id: &owner,
                    remote_jid: "1@s.whatsapp.net",
                    push_name: name,
                    profile_pic_url: picture,
                    now: at(time),
                };
                contact::upsert(tx, &given).await
            });
            assert_eq!(was.unwrap(), existed);
            let rows = contact::find(db, &owner, &ContactFilter::default(), None).await.unwrap();
            assert_eq!(rows.len(), 1);
            assert_eq!((rows[0].push_name.as_deref(), rows[0].profile_pic_url.as_deref()), shown);
            assert_eq!((rows[0].created_at, rows[0].updated_at), (NOON, at(updated)), "step {time}");
        }
        assert_eq!(instance::counts(db, None).await.unwrap()[&owner].contacts, 1);
    }

    async fn contacts_are_found_and_paged(test: &mut TestDb) {
        let db = &test.db;
        let owner = stored_instance(db, "alice").await.id;
        commit!(db, [owner], |tx| {
            for number in 0..25 {
                let (jid, name) = (format!("{number:02}@s.whatsapp.net"), format!("N{}", number % 5));
                let given = NewContact {
                    instance_id: &owner,
                    remote_jid: &jid,
                    push_name: Some(&name),
                    profile_pic_url: None,
                    now: NOON,
                };
                contact::upsert(tx, &given).await?;
            }
            Ok(())
        })
        .unwrap();
        let find = async |filter: ContactFilter, page| contact::find(db, &owner, &filter, page).await.unwrap();
        let all = find(ContactFilter::default(), None).await;
        assert_eq!(all.len(), 25);
        let page = find(ContactFilter::default(), Some(Page { size: 10, number: 3 })).await;
        assert_eq!(page, all[20..]);
        let named = ContactFilter { push_name: Some("N3".to_owned()), ..ContactFilter::default() };
        assert_eq!(find(named, None).await.len(), 5);
        let by_id = ContactFilter { id: Some(all[7].id.to_string()), ..ContactFilter::default() };
        assert_eq!(find(by_id, None).await, all[7..8]);
        let by_jid = ContactFilter { remote_jid: Some("07@s.whatsapp.net".to_owned()), ..ContactFilter::default() };
        assert_eq!(find(by_jid, None).await, all[7..8]);
    }
}

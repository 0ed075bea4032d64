//! Credentials and keys: batches are made whole or not at all, by one instance alone, and are there after a crash.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use pombo_domain::id::InstanceId;
use pombo_domain::port::{AuthChange, AuthStore};
use pombo_store::StoreError;
use pombo_store::auth_state::{self, InstanceAuth};

use crate::kit::{TestDb, commit, on_every_database, stored_instance};

fn put_at(kind: &'static str, key: &str, value: &[u8], at_ms: i64) -> AuthChange {
    AuthChange::Put {
        kind,
        key: key.to_owned(),
        value: Bytes::copy_from_slice(value),
        at_ms,
    }
}

fn put(kind: &'static str, key: &str, value: &[u8]) -> AuthChange {
    put_at(kind, key, value, 0)
}

fn delete(kind: &'static str, key: &str) -> AuthChange {
    AuthChange::Delete {
        kind,
        key: key.to_owned(),
    }
}

fn forget(kind: &'static str, prefix: &str) -> AuthChange {
    AuthChange::DeletePrefix {
        kind,
        prefix: prefix.to_owned(),
    }
}

async fn auth_of(test: &TestDb, name: &str) -> (InstanceAuth, InstanceId) {
    let id = stored_instance(&test.db, name).await.id;
    (InstanceAuth::new(test.db.clone(), id.clone()), id)
}

async fn keys(auth: &InstanceAuth, kind: &'static str, prefix: &str) -> Vec<String> {
    let records = auth.list(kind, prefix).await.unwrap();
    records.into_iter().map(|(key, _)| key).collect()
}

on_every_database! {
    async fn what_is_put_is_read_again(test: &mut TestDb) {
        let (auth, id) = auth_of(test, "alice").await;
        let bytes: Vec<u8> = (0..=255).collect();
        let large = vec![7_u8; 300_000];
        auth.apply(vec![
            put("session", "551190000@c.us", &bytes),
            put("session", "empty", b""),
            put("session", "large", &large),
            put("identity", "551190000@c.us", b"another kind"),
        ])
        .await
        .unwrap();
        test.reopen().await;
        let auth = InstanceAuth::new(test.db.clone(), { drop(auth); id });

        assert_eq!(auth.get("session", "551190000@c.us").await.unwrap().unwrap(), bytes);
        assert_eq!(auth.get("session", "empty").await.unwrap().unwrap(), Bytes::new());
        assert_eq!(auth.get("session", "large").await.unwrap().unwrap(), large);
        assert_eq!(auth.get("identity", "551190000@c.us").await.unwrap().unwrap(), "another kind");
        assert_eq!(auth.get("identity", "large").await.unwrap(), None);
        // Bytes are compared, nothing else.
        assert_eq!(auth.get("session", "EMPTY").await.unwrap(), None);
        assert_eq!(auth.get("session", "empty ").await.unwrap(), None);

        auth.apply(vec![put("session", "empty", b"no more")]).await.unwrap();
        assert_eq!(auth.get("session", "empty").await.unwrap().unwrap(), "no more");
        auth.apply(vec![delete("session", "empty"), delete("session", "never there")]).await.unwrap();
        assert_eq!(auth.get("session", "empty").await.unwrap(), None);
    }

    async fn many_keys_are_read_and_forgotten_at_once(test: &mut TestDb) {
        let (auth, _) = auth_of(test, "alice").await;
        let all: Vec<String> = (1..=812).map(|number| format!("{number:010}")).collect();
        let puts = all.iter().map(|key| put("pre_key", key, key.as_bytes())).collect();
        auth.apply(puts).await.unwrap();

        let asked: Vec<String> = (700..=1000).map(|number| format!("{number:010}")).collect();
        let found: BTreeMap<String, Bytes> = auth.get_many("pre_key", &asked).await.unwrap().into_iter().collect();
        assert_eq!(found.len(), 113);
        assert!(found.iter().all(|(key, value)| key.as_bytes() == value));
        assert!(auth.get_many("pre_key", &[]).await.unwrap().is_empty());
        assert_eq!(auth.last_key("pre_key").await.unwrap().as_deref(), Some("0000000812"));
        assert_eq!(auth.last_key("session").await.unwrap(), None);
        assert_eq!(keys(&auth, "pre_key", "").await, all);

        auth.apply(all.iter().skip(1).map(|key| delete("pre_key", key)).collect()).await.unwrap();
        assert_eq!(keys(&auth, "pre_key", "").await, all[..1]);
    }

    async fn prefixes_are_taken_literally(test: &mut TestDb) {
        let (auth, _) = auth_of(test, "alice").await;
        let all = ["5511", "5511%", "5511@a", "5511_1", "5512", "é", "é\u{1f}x", "\u{10ffff}", "\u{10ffff}x"];
        auth.apply(all.iter().map(|key| put("k", key, b"")).collect()).await.unwrap();

        assert_eq!(keys(&auth, "k", "5511").await, ["5511", "5511%", "5511@a", "5511_1"]);
        assert_eq!(keys(&auth, "k", "5511%").await, ["5511%"]);
        assert_eq!(keys(&auth, "k", "é").await, ["é", "é\u{1f}x"]);
        assert_eq!(keys(&auth, "k", "\u{10ffff}").await, ["\u{10ffff}", "\u{10ffff}x"]);
        assert!(auth.any("k", "5512").await.unwrap());
        assert!(!auth.any("k", "5513").await.unwrap());
        assert!(!auth.any("other", "").await.unwrap());

        auth.apply(vec![forget("k", "5511"), put("k", "5511@b", b""), forget("other", "")]).await.unwrap();
        assert_eq!(keys(&auth, "k", "").await, ["5511@b", "5512", "é", "é\u{1f}x", "\u{10ffff}", "\u{10ffff}x"]);
        auth.apply(vec![forget("k", "")]).await.unwrap();
        assert!(!auth.any("k", "").await.unwrap());
    }

    async fn later_changes_of_a_batch_win(test: &mut TestDb) {
        let (auth, _) = auth_of(test, "alice").await;
        auth.apply(vec![put("k", "kept", b"0"), put("k", "x", b"0")]).await.unwrap();
        auth.apply(vec![
            put("k", "x", b"1"),
            put("k", "x", b"2"),
            put("k", "y", b"1"),
            delete("k", "y"),
            delete("k", "kept"),
            put("k", "kept", b"3"),
        ])
        .await
        .unwrap();
        let left = auth.list("k", "").await.unwrap();
        assert_eq!(left, [("kept".to_owned(), Bytes::from("3")), ("x".to_owned(), Bytes::from("2"))]);
    }

    async fn what_is_too_old_goes_and_nothing_else(test: &mut TestDb) {
        let (auth, _) = auth_of(test, "alice").await;
        let mut puts = vec![
            put_at("sent", "never", b"", 0),
            put_at("sent", "older", b"", 999),
            put_at("sent", "border", b"", 1000),
            put_at("other", "older", b"", 999),
        ];
        // More than one step.
        puts.extend((0..1500).map(|number| put_at("sent", &format!("many {number}"), b"", 5)));
        auth.apply(puts).await.unwrap();

        assert_eq!(auth.delete_older("sent", 1000).await.unwrap(), 1501);
        assert_eq!(auth.delete_older("sent", 1000).await.unwrap(), 0);
        assert_eq!(keys(&auth, "sent", "").await, ["border", "never"]);
        assert_eq!(keys(&auth, "other", "").await, ["older"]);

        // Putting a record again makes it young.
        auth.apply(vec![put_at("sent", "border", b"", 2000)]).await.unwrap();
        assert_eq!(auth.delete_older("sent", 1500).await.unwrap(), 0);
    }

    async fn a_batch_is_made_whole_or_not_at_all(test: &mut TestDb) {
        let (auth, id) = auth_of(test, "alice").await;
        auth.apply(vec![put("k", "a", b"old")]).await.unwrap();
        let too_long = "x".repeat(1021);
        let refused = auth.apply(vec![put("k", "a", b"new"), put("k", &too_long, b""), delete("k", "a")]).await;
        assert!(refused.is_err());
        assert_eq!(auth.list("k", "").await.unwrap(), [("a".to_owned(), Bytes::from("old"))]);
        let longest = "x".repeat(1020);
        auth.apply(vec![put("k", &longest, b"fits")]).await.unwrap();
        assert_eq!(auth.get("k", &longest).await.unwrap().unwrap(), "fits");

        // Together with the rest of the work that it belongs to.
        let changes: Arc<[AuthChange]> = vec![put("k", "a", b"new"), forget("k", "x")].into();
        let failed: Result<(), StoreError> = commit!(test.db, [id, changes], |tx| {
            auth_state::apply(tx, &id, changes).await?;
            Err(StoreError::Other("the work thought better of it".to_owned()))
        });
        assert!(failed.is_err());
        assert_eq!(auth.get("k", "a").await.unwrap().unwrap(), "old");
        assert!(auth.any("k", "xx").await.unwrap());
        commit!(test.db, [id, changes], |tx| auth_state::apply(tx, &id, changes).await).unwrap();
        assert_eq!(auth.get("k", "a").await.unwrap().unwrap(), "new");
        assert!(!auth.any("k", "xx").await.unwrap());
    }

    async fn instances_do_not_see_each_other(test: &mut TestDb) {
        let (alice, _) = auth_of(test, "alice").await;
        let (bob, _) = auth_of(test, "bob").await;
        let both = |value: &[u8]| vec![put_at("k", "a", value, 5), put_at("k", "ab", value, 5)];
        let (one, two) = tokio::join!(alice.apply(both(b"alice")), bob.apply(both(b"bob")));
        one.unwrap();
        two.unwrap();

        alice.apply(vec![delete("k", "a"), forget("k", "ab")]).await.unwrap();
        assert!(!alice.any("k", "").await.unwrap());
        assert_eq!(keys(&bob, "k", "").await, ["a", "ab"]);
        assert_eq!(bob.get("k", "a").await.unwrap().unwrap(), "bob");

        alice.apply(both(b"alice")).await.unwrap();
        assert_eq!(alice.delete_older("k", 6).await.unwrap(), 2);
        alice.apply(both(b"alice")).await.unwrap();
        alice.clear().await.unwrap();
        assert!(!alice.any("k", "").await.unwrap());
        assert_eq!(alice.last_key("k").await.unwrap(), None);
        assert_eq!(keys(&bob, "k", "").await, ["a", "ab"]);
    }

    async fn batches_that_meet_are_made_in_order(test: &mut TestDb) {
        let mut owners = Vec::new();
        for name in ["alice", "bob", "carol"] {
            owners.push(auth_of(test, name).await.0);
        }
        // Several batches of each instance wait at once, and share transactions; the order of each is kept.
        let mut tasks = tokio::task::JoinSet::new();
        for (place, auth) in owners.iter().enumerate() {
            let auth = auth.clone();
            tasks.spawn(async move {
                let batch = |number: u32| {
                    let value = format!("{place} {number}");
                    let mut changes = vec![put("k", "last", value.as_bytes()), put("k", &format!("n{}", number % 7), value.as_bytes())];
                    if number % 10 == 9 {
                        changes.insert(0, forget("k", "n"));
                    }
                    auth.apply(changes)
                };
                // So few at once are begun in their order.
                for first in (0..200).step_by(25) {
                    for outcome in futures_util::future::join_all((first..first + 25).map(batch)).await {
                        outcome.unwrap();
                    }
                }
            });
        }
        while let Some(outcome) = tasks.join_next().await {
            outcome.unwrap();
        }
        for (place, auth) in owners.iter().enumerate() {
            assert_eq!(auth.get("k", "last").await.unwrap().unwrap(), format!("{place} 199"));
            // Batch 199 forgot all the others.
            assert_eq!(keys(auth, "k", "n").await, [format!("n{}", 199 % 7)]);
        }
    }

    async fn records_go_with_their_instance(test: &mut TestDb) {
        let (alice, id) = auth_of(test, "alice").await;
        let (bob, bob_id) = auth_of(test, "bob").await;
        let (carol, _) = auth_of(test, "carol").await;
        carol.apply(vec![put("k", "a", b"")]).await.unwrap();
        alice.apply(vec![put("k", "a", b"")]).await.unwrap();
        // More than is removed at once.
        bob.apply((0..3000).map(|number| put(if number % 2 == 0 { "k" } else { "other" }, &number.to_string(), b"")).collect())
            .await
            .unwrap();
        for id in [id, bob_id] {
            commit!(test.db, [id], |tx| pombo_store::instance::delete(tx, &id).await).unwrap();
        }
        assert!(!alice.any("k", "").await.unwrap());
        // What a channel says too late is refused, and disturbs nobody.
        let (late, other) = tokio::join!(alice.apply(vec![put("k", "late", b"")]), carol.apply(vec![put("k", "b", b"")]));
        assert!(late.is_err());
        other.unwrap();
        let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
        while bob.any("k", "").await.unwrap() || bob.any("other", "").await.unwrap() {
            assert!(tokio::time::Instant::now() < deadline, "the rows are still there");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        assert_eq!(keys(&carol, "k", "").await, ["a", "b"]);
    }
}

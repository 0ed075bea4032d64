//! Group commit: order, isolation of failures, answers after the commit.

use std::sync::{Arc, Mutex};

use pombo_domain::event::Seq;
use pombo_store::{StoreError, chat, contact, event, instance, message};

use crate::kit::{
    NOON, event as new_event, message as new_message, on_every_database, stored_instance,
};

on_every_database! {
    async fn five_hundred_writes_keep_their_order(test: &mut TestDb) {
        let db = &test.db;
        let seen: Arc<Mutex<Vec<(Seq, String)>>> = Arc::default();
        let listener = Arc::clone(&seen);
        db.on_commit(Box::new(move |events| {
            let mut seen = listener.lock().unwrap();
            seen.extend(events.iter().map(|event| (event.seq.unwrap(), event.event.data.get().to_owned())));
        }));
        let owner = stored_instance(db, "alice").await;
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..500_i64 {
            let (db, owner, seen) = (db.clone(), owner.clone(), Arc::clone(&seen));
            tasks.spawn(async move {
                let answer = db
                    .write(move |tx| {
                        let owner = owner.clone();
                        Box::pin(async move {
                            let jid = format!("55119{:08}@s.whatsapp.net", number % 40);
                            let message = new_message(&owner.id, &jid, &format!("K{number}"), 1_795_393_200 + number);
                            let new = message::insert(tx, &message).await?;
                            let touch = chat::ChatTouch {
                                instance_id: &owner.id,
                                remote_jid: &jid,
                                message: Some(&message),
                                unread_add: 1,
                                name: None,
                                now: NOON,
                            };
                            let chat_existed = chat::touch(tx, &touch).await?;
                            let contact = contact::NewContact {
                                instance_id: &owner.id,
                                remote_jid: &jid,
                                push_name: Some("Maria"),
                                profile_pic_url: None,
                                now: NOON,
                            };
                            let contact_existed = contact::upsert(tx, &contact).await?;
                            tx.append_event(new_event(&owner, &format!("[{number},1]")));
                            tx.append_event(new_event(&owner, &format!("[{number},2]")));
                            Ok((new, chat_existed, contact_existed))
                        })
                    })
                    .await
                    .unwrap();
                let told = seen.lock().unwrap().iter().filter(|(_, data)| data.starts_with(&format!("[{number},"))).count();
                assert_eq!(told, 2, "told before answered");
                answer
            });
        }
        let answers = tasks.join_all().await;
        assert!(answers.iter().all(|(new, _, _)| *new));
        assert_eq!(answers.iter().filter(|(_, existed, _)| !existed).count(), 40, "each chat was new once");
        assert_eq!(answers.iter().filter(|(_, _, existed)| !existed).count(), 40, "each contact was new once");

        let seen = seen.lock().unwrap().clone();
        assert_eq!(seen.len(), 1000);
        assert!(seen.windows(2).all(|pair| pair[0].0 < pair[1].0), "seq grows");
        let read = event::after(db, None, 0, 2000).await.unwrap();
        let read: Vec<_> = read.iter().map(|event| (event.seq.unwrap(), event.event.data.get().to_owned())).collect();
        assert_eq!(read, seen, "the log is what was told");
        assert_eq!(event::bounds(db).await.unwrap(), Some((1, 1000)));
        assert_eq!(event::head(db).await.unwrap(), 1000);
        let counts = instance::counts(db, Some(&owner.id)).await.unwrap()[&owner.id];
        assert_eq!(counts, instance::Counts { messages: 500, contacts: 40, chats: 40 });
    }

    async fn a_failing_work_fails_alone(test: &mut TestDb) {
        let db = &test.db;
        let owner = stored_instance(db, "alice").await;
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..100_i64 {
            let (db, owner) = (db.clone(), owner.clone());
            tasks.spawn(async move {
                let outcome = db
                    .write(move |tx| {
                        let owner = owner.clone();
                        Box::pin(async move {
                            let message = new_message(&owner.id, "1@s.whatsapp.net", &format!("K{number}"), number);
                            message::insert(tx, &message).await?;
                            tx.append_event(new_event(&owner, &number.to_string()));
                            match number % 25 {
                                7 => Err(StoreError::Other("on purpose".to_owned())),
                                8 => panic!("on purpose"),
                                // The name is taken; the work hides that.
                                9 => {
                                    let refused = instance::insert(tx, &crate::kit::instance("alice")).await;
                                    assert!(matches!(refused, Err(StoreError::Taken)), "{refused:?}");
                                    Ok(())
                                }
                                10 => instance::insert(tx, &crate::kit::instance("alice")).await,
                                _ => Ok(()),
                            }
                        })
                    })
                    .await;
                (number, outcome)
            });
        }
        for (number, outcome) in tasks.join_all().await {
            match number % 25 {
                7 | 8 => assert!(matches!(outcome, Err(StoreError::Other(_))), "{number}: {outcome:?}"),
                9 | 10 => assert!(matches!(outcome, Err(StoreError::Taken)), "{number}: {outcome:?}"),
                _ => outcome.unwrap(),
            }
        }
        let events = event::after(db, Some(&owner.id), 0, 1000).await.unwrap();
        let mut numbers: Vec<i64> = events.iter().map(|event| event.event.data.get().parse().unwrap()).collect();
        numbers.sort_unstable();
        let expected: Vec<i64> = (0..100).filter(|number| !(7..=10).contains(&(number % 25))).collect();
        assert_eq!(numbers, expected);
        assert_eq!(instance::counts(db, None).await.unwrap()[&owner.id].messages, 84);
    }

    async fn closing_writes_what_is_queued(test: &mut TestDb) {
        let owner = stored_instance(&test.db, "alice").await;
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..200 {
            let (db, owner) = (test.db.clone(), owner.clone());
            tasks.spawn(async move {
                db.write(move |tx| {
                    let owner = owner.clone();
                    Box::pin(async move {
                        tx.append_event(new_event(&owner, &number.to_string()));
                        tx.flush_events().await
                    })
                })
                .await
            });
        }
        tokio::task::yield_now().await;
        test.db.close().await;
        let mut last = 0;
        for outcome in tasks.join_all().await {
            match outcome {
                Ok(seq) => last = last.max(seq.unwrap()),
                Err(StoreError::Unavailable(trouble)) => assert_eq!(trouble.kind, pombo_store::TroubleKind::Closed),
                Err(other) => panic!("{other}"),
            }
        }
        test.reopen().await;
        if test.db.describe() != "SQLite in memory" {
            assert_eq!(event::head(&test.db).await.unwrap(), last, "every answer is kept, and nothing else");
        }
    }
}

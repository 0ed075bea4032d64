//! The library's storage over ours: the same answers as its own, and what is durable when.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use pombo_channel_whatsapp::auth_state::{Missing, StoreBackend};
use wacore::appstate::processor::AppStateMutationMAC;
use wacore::store::InMemoryBackend;
use wacore::store::traits::{
    AppSyncStore as _, Backend, DeviceStore as _, MsgSecretEntry, MsgSecretStore as _,
    ProtocolStore as _, SignalStore as _,
};

use crate::memory_auth::{MemoryAuth, Records};
use crate::semantics;

fn over_memory() -> (Arc<MemoryAuth>, Arc<StoreBackend>) {
    let store = Arc::new(MemoryAuth::default());
    let backend = Arc::new(StoreBackend::new(store.clone()));
    (store, backend)
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(tokio::time::Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Kinds, keys and values; ages differ from run to run.
fn contents(records: &Records) -> Vec<(&'static str, String, Bytes)> {
    records
        .iter()
        .map(|((kind, key), (value, _))| (*kind, key.clone(), value.clone()))
        .collect()
}

fn is_there(store: &MemoryAuth, kind: &str) -> bool {
    store.durable().keys().any(|(of, _)| *of == kind)
}

#[tokio::test]
async fn the_library_keeps_its_own_rules() {
    semantics::hold(async || Arc::new(InMemoryBackend::new()) as Arc<dyn Backend>).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ours_keeps_the_same_rules() {
    semantics::hold(async || over_memory().1 as Arc<dyn Backend>).await;
}

/// One of many things that the library does.
async fn step(backend: &StoreBackend, number: u32) {
    let (mut random, id) = (fastrand(number), number.to_string());
    let mac = |number: u32| AppStateMutationMAC {
        index_mac: number.to_be_bytes().to_vec(),
        value_mac: id.as_bytes().to_vec(),
    };
    match random() % 11 {
        0 => backend
            .put_session(&format!("{}@lid", random() % 5), id.as_bytes())
            .await
            .unwrap(),
        1 => {
            let both = [
                (Arc::from("1@lid"), Bytes::from(id.clone())),
                (Arc::from("2@lid"), Bytes::from(id.clone())),
            ];
            backend.put_sessions_batch(&both).await.unwrap();
        }
        2 => backend
            .store_pending_inbound("c", "s", &(random() % 9).to_string(), id.as_bytes())
            .await
            .unwrap(),
        3 => backend
            .delete_pending_inbound("c", "s", &(random() % 9).to_string())
            .await
            .unwrap(),
        4 => {
            let macs: Vec<_> = (0..random() % 20).map(mac).collect();
            backend
                .put_mutation_macs("regular", 1, &macs)
                .await
                .unwrap();
        }
        5 => backend.clear_mutation_macs("regular").await.unwrap(),
        6 => {
            let macs: Vec<_> = (0..random() % 20)
                .map(|number| mac(number).index_mac)
                .collect();
            backend
                .delete_mutation_macs("regular", &macs)
                .await
                .unwrap();
        }
        7 => backend
            .store_prekey(random() % 4, id.as_bytes(), false)
            .await
            .unwrap(),
        8 => backend.remove_prekey(random() % 4).await.unwrap(),
        9 => backend
            .set_sender_key_status("g", &[(&id, random() % 2 == 0)])
            .await
            .unwrap(),
        _ => backend
            .store_sent_message("c", &(random() % 4).to_string(), id.as_bytes())
            .await
            .unwrap(),
    }
}

/// Numbers that are the same in every run.
fn fastrand(seed: u32) -> impl FnMut() -> u32 {
    let mut state = u64::from(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678;
    move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u32
    }
}

/// A crash at any moment leaves what one of the batches left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_durable_is_always_what_was_told_up_to_some_call() {
    const STEPS: u32 = 600;
    // The states after each call, from a backend that makes every call durable at once.
    let (patient, reference) = over_memory();
    let mut states = vec![contents(&patient.durable())];
    for number in 0..STEPS {
        step(&reference, number).await;
        reference.flush().await.unwrap();
        states.push(contents(&patient.durable()));
    }

    let (store, backend) = over_memory();
    for number in 0..STEPS {
        step(&backend, number).await;
    }
    backend.flush().await.unwrap();
    let history = store.history();
    assert!(history.len() < STEPS as usize, "nothing was gathered");
    let mut at = 0;
    for durable in &history {
        let durable = contents(durable);
        at += states[at..]
            .iter()
            .position(|state| *state == durable)
            .expect("a state between two calls, and no older one than before");
    }
    assert_eq!(contents(&store.durable()), *states.last().unwrap());
}

#[tokio::test]
async fn a_message_is_durable_before_the_session_that_has_moved_past_it() {
    let (store, backend) = over_memory();
    backend
        .store_pending_inbound("c", "s", "1", b"hello")
        .await
        .unwrap();
    assert_eq!(store.batches(), 0);
    assert_eq!(
        backend
            .get_pending_inbound("c", "s", "1")
            .await
            .unwrap()
            .unwrap(),
        b"hello"
    );
    backend.put_session("s@lid", b"moved").await.unwrap();
    assert_eq!(store.batches(), 1);
    assert!(is_there(&store, "pending_inbound") && is_there(&store, "session"));
}

/// The library looks at its sessions while a message is between decryption and `store_pending_inbound`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_told_a_moment_late_is_durable_with_its_session() {
    let (store, backend) = over_memory();
    let sessions = [(Arc::from("s@lid"), Bytes::from_static(b"moved"))];
    let (written, told) = tokio::join!(backend.put_sessions_batch(&sessions), async {
        tokio::task::yield_now().await;
        backend.store_pending_inbound("c", "s", "1", b"hello").await
    });
    written.unwrap();
    told.unwrap();
    assert_eq!(store.batches(), 1);
    assert!(is_there(&store, "pending_inbound") && is_there(&store, "session"));
}

#[tokio::test]
async fn a_message_that_the_rules_have_stored_is_not_written_again() {
    let (store, backend) = over_memory();
    for number in 0..100 {
        let id = number.to_string();
        backend
            .store_pending_inbound("c", "s", &id, b"hello")
            .await
            .unwrap();
        // Here the rules store the message.
        backend.delete_pending_inbound("c", "s", &id).await.unwrap();
    }
    assert_eq!(
        backend.get_pending_inbound("c", "s", "7").await.unwrap(),
        None
    );
    backend.put_session("s@lid", b"moved").await.unwrap();
    // Only that they are stored, which is what keeps them from being asked for again.
    assert_eq!(contents(&store.durable()).len(), 101);
    assert!(store.history().iter().all(|records| {
        records
            .iter()
            .all(|((kind, _), (value, _))| *kind == "session" || value.is_empty())
    }));
}

#[tokio::test]
async fn a_message_that_nobody_has_is_not_acknowledged_but_missing() {
    let (store, backend) = over_memory();
    for _ in 0..2 {
        assert!(backend.get_pending_inbound("c", "s", "1").await.is_err());
    }
    backend.more_is_missing().await;
    let (due, later) = backend.missing(0);
    assert!(due.is_empty(), "the first copy may be on its way");
    assert!(later.is_some());
    backend.flush().await.unwrap();

    // Another process knows it, and asks as soon as its connection has brought what waited.
    let next = StoreBackend::new(store.clone());
    next.load_missing().await.unwrap();
    let (due, _) = next.missing(1);
    assert_eq!(due.len(), 0, "a connection from before");
    let (_, later) = next.missing(i64::MAX);
    assert!(later.is_some());

    // It comes, and is known from now on.
    next.store_pending_inbound("c", "s", "1", b"hello")
        .await
        .unwrap();
    next.delete_pending_inbound("c", "s", "1").await.unwrap();
    assert_eq!(next.missing(0).1, None);
    next.flush().await.unwrap();
    assert!(!is_there(&store, "missing_inbound"));
    let last = StoreBackend::new(store);
    last.load_missing().await.unwrap();
    let known = last.get_pending_inbound("c", "s", "1").await;
    assert_eq!(known.unwrap(), None);
    assert_eq!(last.missing(0).1, None);
}

#[tokio::test]
async fn what_was_asked_for_too_often_counts_as_dealt_with() {
    let (store, backend) = over_memory();
    backend.note_unreadable("c", "s", "1", false);
    let mut asked = 0;
    while let (_, Some(_)) = backend.missing(0) {
        backend.flush().await.unwrap();
        let records = store.durable();
        let (_, (record, _)) = records
            .iter()
            .find(|((kind, _), _)| *kind == "missing_inbound")
            .unwrap();
        let mut message: Missing = serde_json::from_slice(record).unwrap();
        assert_eq!(message.asked, asked);
        // Quick questions count as one: this one is long after the last.
        message.since = 0;
        backend.note_asked(&message).await.unwrap();
        asked += 1;
    }
    assert_eq!(asked, 5);
    let given_up = backend.get_pending_inbound("c", "s", "1").await;
    assert_eq!(given_up.unwrap(), None);
}

#[tokio::test]
async fn it_is_durable_which_message_could_not_be_read_before_anything_is_sent() {
    let (store, backend) = over_memory();
    backend.notes_are_durable().await;
    assert_eq!(store.batches(), 0);
    backend.note_unreadable("c", "s", "1", true);
    backend.notes_are_durable().await;
    assert!(is_there(&store, "missing_inbound"));
    // Trouble of the store does not make a connection fall silent.
    store.failing.store(true, Ordering::SeqCst);
    backend.note_unreadable("c", "s", "2", true);
    backend.notes_are_durable().await;
    store.failing.store(false, Ordering::SeqCst);
    backend.notes_are_durable().await;
    let records = store.durable().into_keys();
    assert_eq!(
        records.filter(|(of, _)| *of == "missing_inbound").count(),
        2
    );
}

#[tokio::test]
async fn what_nobody_waits_for_is_durable_soon() {
    let (store, backend) = over_memory();
    backend
        .store_sent_message("c", "1", b"hello")
        .await
        .unwrap();
    assert_eq!(store.batches(), 0);
    until("it is durable by itself", || is_there(&store, "sent")).await;
    // And again, after it was quiet.
    backend.put_group_metadata("g@g.us", b"blob").await.unwrap();
    until("it is durable by itself", || is_there(&store, "group")).await;

    // Also when the backend is dropped before.
    backend
        .store_sent_message("c", "2", b"hello")
        .await
        .unwrap();
    drop(backend);
    until("it is durable all the same", || {
        store
            .durable()
            .keys()
            .filter(|(kind, _)| *kind == "sent")
            .count()
            == 2
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_arrives_together_is_one_batch() {
    let (store, backend) = over_memory();
    // The first batch takes its time.
    let gate = store.gate.write().await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..200 {
        let backend = Arc::clone(&backend);
        tasks.spawn(async move { backend.put_session(&format!("{number}@lid"), b"s").await });
    }
    for number in 0..200 {
        let address = format!("{number}@lid");
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        while backend.get_session(&address).await.unwrap().is_none() {
            assert!(tokio::time::Instant::now() < deadline);
            tokio::task::yield_now().await;
        }
    }
    drop(gate);
    while let Some(outcome) = tasks.join_next().await {
        outcome.unwrap().unwrap();
    }
    assert!(store.batches() <= 3, "{} batches", store.batches());
    assert_eq!(store.durable().len(), 200);
}

#[tokio::test]
async fn secrets_of_a_burst_are_written_a_few_times_only() {
    let (store, backend) = over_memory();
    // As the library does it: the next ones are gathered while the last ones are written.
    let mut written = 0;
    let began = tokio::time::Instant::now();
    while began.elapsed() < Duration::from_millis(300) {
        let entry = MsgSecretEntry {
            chat: Arc::from("c"),
            sender: Arc::from("s"),
            msg_id: Arc::from(written.to_string()),
            secret: [1; 32],
            expires_at: 0,
            message_ts: 0,
        };
        backend.put_msg_secrets(vec![entry]).await.unwrap();
        written += 1;
        // They are durable when the call returns: the library forgets them then.
        assert_eq!(store.durable().len(), written);
    }
    assert!(written <= 12, "{written} writes in 0.3 s");
}

#[tokio::test]
async fn trouble_of_the_store_is_told_and_nothing_is_lost() {
    let (store, backend) = over_memory();
    backend
        .store_pending_inbound("c", "s", "1", b"one")
        .await
        .unwrap();
    store.failing.store(true, Ordering::SeqCst);
    assert!(backend.put_session("s@lid", b"moved").await.is_err());
    // From now on nothing is taken on trust.
    assert!(
        backend
            .store_pending_inbound("c", "s", "2", b"two")
            .await
            .is_err()
    );
    assert!(backend.flush().await.is_err());
    assert_eq!(
        backend
            .get_pending_inbound("c", "s", "1")
            .await
            .unwrap()
            .unwrap(),
        b"one"
    );
    assert_eq!(store.batches(), 0);

    store.failing.store(false, Ordering::SeqCst);
    until("what was told is durable by itself", || {
        is_there(&store, "session") && is_there(&store, "pending_inbound")
    })
    .await;
    backend
        .store_sent_message("c", "1", b"hello")
        .await
        .unwrap();
    backend.flush().await.unwrap();
    assert!(is_there(&store, "sent"));
}

#[tokio::test]
async fn a_call_that_is_given_up_changes_nothing_for_the_others() {
    let (store, backend) = over_memory();
    let gate = store.gate.write().await;
    let given_up = tokio::time::timeout(
        Duration::from_millis(20),
        backend.put_session("a@lid", b"a"),
    );
    assert!(given_up.await.is_err());
    drop(gate);
    backend.put_session("b@lid", b"b").await.unwrap();
    let kept = contents(&store.durable());
    assert_eq!(kept.len(), 2, "{kept:?}");
}

#[tokio::test]
async fn a_key_that_no_store_takes_concerns_one_call_only() {
    let (store, backend) = over_memory();
    let long = "x".repeat(5000);
    assert!(backend.put_session(&long, b"s").await.is_err());
    assert!(backend.put_session("nul\0", b"s").await.is_err());
    backend.put_session("a@lid", b"a").await.unwrap();
    assert_eq!(store.durable().len(), 1);
    assert_eq!(backend.get_session(&long).await.unwrap(), None);
}

#[tokio::test]
async fn nothing_comes_back_after_the_account_was_unlinked() {
    let (store, backend) = over_memory();
    backend.create().await.unwrap();
    backend.put_session("a@lid", b"a").await.unwrap();
    backend
        .store_sent_message("c", "1", b"hello")
        .await
        .unwrap();
    // A batch is under way.
    let gate = store.gate.write().await;
    let late = {
        let backend = Arc::clone(&backend);
        tokio::spawn(async move { backend.put_session("b@lid", b"b").await })
    };
    while backend.get_session("b@lid").await.unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    let clearing = {
        let backend = Arc::clone(&backend);
        tokio::spawn(async move { backend.clear().await })
    };
    while backend.get_session("b@lid").await.unwrap().is_some() {
        tokio::task::yield_now().await;
    }
    drop(gate);
    clearing.await.unwrap().unwrap();
    drop(late.await.unwrap());
    assert!(store.durable().is_empty());

    assert!(backend.put_session("a@lid", b"a").await.is_err());
    assert!(
        backend
            .store_sent_message("c", "1", b"hello")
            .await
            .is_err()
    );
    assert!(!backend.exists().await.unwrap());
    let next = StoreBackend::new(store.clone());
    next.create().await.unwrap();
    assert_eq!(store.durable().len(), 1);
}

#[tokio::test]
async fn old_base_keys_go_with_the_messages_they_belong_to() {
    let (store, backend) = over_memory();
    backend.save_base_key("a@lid", "m", b"key").await.unwrap();
    let now = wacore::time::now_secs();
    backend
        .delete_expired_sent_messages(now - 60)
        .await
        .unwrap();
    assert!(
        backend
            .has_same_base_key("a@lid", "m", b"key")
            .await
            .unwrap()
    );
    backend
        .delete_expired_sent_messages(now + 60)
        .await
        .unwrap();
    assert!(store.durable().is_empty());
}

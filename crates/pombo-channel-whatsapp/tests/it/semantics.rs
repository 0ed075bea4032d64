//! What the library expects of its storage, as its own storage in memory does it: the same calls and answers are asked of
//! that one and of ours.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use wacore::appstate::hash::HashState;
use wacore::appstate::processor::AppStateMutationMAC;
use wacore::store::Device;
use wacore::store::device::{CachedNoiseCert, CachedServerCertChain};
use wacore::store::traits::{
    AppStateSyncKey, Backend, DeviceInfo, DeviceListRecord, LidPnMappingEntry, MsgSecretEntry,
    PendingInboundKey, PendingInboundRow, TcTokenEntry,
};

/// All of them, each on an account of its own.
pub(crate) async fn hold(fresh: impl AsyncFn() -> Arc<dyn Backend>) {
    identities(&*fresh().await).await;
    sessions(&*fresh().await).await;
    pre_keys(&*fresh().await).await;
    signed_pre_keys(&*fresh().await).await;
    sender_keys(&*fresh().await).await;
    signal_state_of_a_user(&*fresh().await).await;
    sync_keys(&*fresh().await).await;
    app_state_versions(&*fresh().await).await;
    mutation_macs(&*fresh().await).await;
    sender_key_devices(&*fresh().await).await;
    lid_mappings(&*fresh().await).await;
    base_keys(&*fresh().await).await;
    device_lists(&*fresh().await).await;
    groups(&*fresh().await).await;
    tc_tokens(&*fresh().await).await;
    sent_messages(&*fresh().await).await;
    pending_inbound(&*fresh().await).await;
    message_secrets(&*fresh().await).await;
    an_account(&*fresh().await).await;
    empty_batches(&*fresh().await).await;
    calls_at_once(fresh().await).await;
}

fn arc(text: &str) -> Arc<str> {
    Arc::from(text)
}

fn record(size: usize, seed: u8) -> Vec<u8> {
    (0..size)
        .map(|at| seed.wrapping_add((at % 251) as u8))
        .collect()
}

async fn identities(backend: &dyn Backend) {
    assert_eq!(backend.load_identity("5511:1@c.us").await.unwrap(), None);
    backend.put_identity("5511:1@c.us", [1; 32]).await.unwrap();
    let batch: Vec<(Arc<str>, [u8; 32])> = (0..300_u32)
        .map(|number| (arc(&format!("{number}@lid")), [(number % 256) as u8; 32]))
        .collect();
    backend.put_identities_batch(&batch).await.unwrap();
    backend
        .put_identities_batch(&[(arc("5511:1@c.us"), [2; 32])])
        .await
        .unwrap();
    assert_eq!(
        backend.load_identity("5511:1@c.us").await.unwrap(),
        Some([2; 32])
    );
    assert_eq!(
        backend.load_identity("299@lid").await.unwrap(),
        Some([43; 32])
    );
    backend.delete_identity("5511:1@c.us").await.unwrap();
    backend.delete_identity("5511:1@c.us").await.unwrap();
    assert_eq!(backend.load_identity("5511:1@c.us").await.unwrap(), None);
    assert_eq!(
        backend.load_identity("298@lid").await.unwrap(),
        Some([42; 32])
    );
}

async fn sessions(backend: &dyn Backend) {
    assert_eq!(backend.get_session("a").await.unwrap(), None);
    assert!(!backend.has_session("a").await.unwrap());
    backend.put_session("a", &record(5000, 1)).await.unwrap();
    backend.put_session("empty", &[]).await.unwrap();
    let batch = [
        (arc("a"), Bytes::from(record(6000, 2))),
        (arc("b"), Bytes::from(record(200, 3))),
    ];
    backend.put_sessions_batch(&batch).await.unwrap();
    assert_eq!(
        backend.get_session("a").await.unwrap().unwrap(),
        record(6000, 2)
    );
    assert_eq!(
        backend.get_session("b").await.unwrap().unwrap(),
        record(200, 3)
    );
    assert_eq!(backend.get_session("empty").await.unwrap().unwrap(), "");
    assert!(backend.has_session("empty").await.unwrap());
    backend.delete_session("a").await.unwrap();
    assert!(!backend.has_session("a").await.unwrap());
    assert_eq!(backend.get_session("a").await.unwrap(), None);
    assert!(backend.has_session("b").await.unwrap());
}

async fn pre_keys(backend: &dyn Backend) {
    assert_eq!(backend.get_max_prekey_id().await.unwrap(), 0);
    let batch: Vec<(u32, Bytes)> = (1..=812)
        .map(|id: u32| (id, Bytes::from(id.to_be_bytes().to_vec())))
        .collect();
    backend.store_prekeys_batch(&batch, false).await.unwrap();
    backend.store_prekey(9, b"nine", true).await.unwrap();
    assert_eq!(backend.get_max_prekey_id().await.unwrap(), 812);
    assert_eq!(backend.load_prekey(9).await.unwrap().unwrap(), "nine");
    assert_eq!(backend.load_prekey(813).await.unwrap(), None);

    // A key that is used while it is uploaded stays used, and the others stay what they are.
    backend.remove_prekey(812).await.unwrap();
    backend.remove_prekey(5).await.unwrap();
    let all: Vec<u32> = (1..=812).collect();
    backend.mark_prekeys_uploaded(&all).await.unwrap();
    assert_eq!(backend.load_prekey(812).await.unwrap(), None);
    assert_eq!(backend.get_max_prekey_id().await.unwrap(), 811);

    let asked: Vec<u32> = (0..2000).collect();
    let found: BTreeMap<u32, Bytes> = backend
        .load_prekeys_batch(&asked)
        .await
        .unwrap()
        .into_iter()
        .collect();
    assert_eq!(found.len(), 810);
    assert!(!found.contains_key(&5));
    assert_eq!(found[&9], "nine");
    assert_eq!(found[&811], 811_u32.to_be_bytes().as_slice());

    backend
        .store_prekey(u32::MAX, b"last", false)
        .await
        .unwrap();
    assert_eq!(backend.get_max_prekey_id().await.unwrap(), u32::MAX);
    for id in all {
        backend.remove_prekey(id).await.unwrap();
    }
    backend.remove_prekey(u32::MAX).await.unwrap();
    assert_eq!(backend.get_max_prekey_id().await.unwrap(), 0);
    assert!(backend.load_prekeys_batch(&asked).await.unwrap().is_empty());
}

async fn signed_pre_keys(backend: &dyn Backend) {
    assert_eq!(backend.load_signed_prekey(1).await.unwrap(), None);
    assert!(backend.load_all_signed_prekeys().await.unwrap().is_empty());
    backend.store_signed_prekey(1, b"one").await.unwrap();
    backend.store_signed_prekey(16, b"sixteen").await.unwrap();
    backend.store_signed_prekey(1, b"one again").await.unwrap();
    assert_eq!(
        backend.load_signed_prekey(1).await.unwrap().unwrap(),
        b"one again"
    );
    let mut all = backend.load_all_signed_prekeys().await.unwrap();
    all.sort();
    assert_eq!(all, [(1, b"one again".to_vec()), (16, b"sixteen".to_vec())]);
    backend.remove_signed_prekey(1).await.unwrap();
    assert_eq!(backend.load_signed_prekey(1).await.unwrap(), None);
    assert_eq!(backend.load_all_signed_prekeys().await.unwrap().len(), 1);
}

async fn sender_keys(backend: &dyn Backend) {
    assert_eq!(backend.get_sender_key("g::a").await.unwrap(), None);
    backend
        .put_sender_key("g::a", &record(900, 1))
        .await
        .unwrap();
    let batch = [
        (arc("g::a"), Bytes::from(record(901, 2))),
        (arc("g::b"), Bytes::from(record(902, 3))),
    ];
    backend.put_sender_keys_batch(&batch).await.unwrap();
    assert_eq!(
        backend.get_sender_key("g::a").await.unwrap().unwrap(),
        record(901, 2)
    );
    backend.delete_sender_key("g::a").await.unwrap();
    assert_eq!(backend.get_sender_key("g::a").await.unwrap(), None);
    assert_eq!(
        backend.get_sender_key("g::b").await.unwrap().unwrap(),
        record(902, 3)
    );
}

async fn signal_state_of_a_user(backend: &dyn Backend) {
    backend.put_session("5511@c.us", b"s").await.unwrap();
    backend.put_session("5522:3@lid", b"s").await.unwrap();
    backend.put_identity("5533@c.us", [0; 32]).await.unwrap();
    backend.put_identity("5544:9@lid", [0; 32]).await.unwrap();
    for user in ["5511", "5522", "5533", "5544"] {
        assert!(
            backend.has_signal_state_for_user(user).await.unwrap(),
            "{user}"
        );
    }
    // Beginnings of others are nobody.
    for user in ["551", "55", "5", "55110", "9", "5511@c.us"] {
        assert!(
            !backend.has_signal_state_for_user(user).await.unwrap(),
            "{user}"
        );
    }
    backend.delete_session("5511@c.us").await.unwrap();
    assert!(!backend.has_signal_state_for_user("5511").await.unwrap());
}

async fn sync_keys(backend: &dyn Backend) {
    assert!(backend.get_sync_key(b"\x00\x01").await.unwrap().is_none());
    assert_eq!(backend.get_latest_sync_key_id().await.unwrap(), None);
    for (id, timestamp) in [(b"\x00\x02", 2), (b"\x00\x01", 1)] {
        let key = AppStateSyncKey {
            key_data: vec![id[1]; 32],
            fingerprint: vec![0, 255],
            timestamp,
        };
        backend.set_sync_key(id, key).await.unwrap();
    }
    // The one that was stored last, whatever its number.
    assert_eq!(
        backend.get_latest_sync_key_id().await.unwrap().unwrap(),
        b"\x00\x01"
    );
    let key = backend.get_sync_key(b"\x00\x02").await.unwrap().unwrap();
    assert_eq!(
        (key.key_data, key.fingerprint, key.timestamp),
        (vec![2; 32], vec![0, 255], 2)
    );
}

async fn app_state_versions(backend: &dyn Backend) {
    let unknown = backend.get_version("regular").await.unwrap();
    assert_eq!((unknown.version, unknown.hash), (0, [0; 128]));
    let state = HashState {
        version: u64::MAX,
        hash: [9; 128],
        index_value_map: HashMap::from([("index".to_owned(), vec![1, 2, 255])]),
        mac_mismatch_fatal: true,
    };
    backend.set_version("regular", state).await.unwrap();
    let known = backend.get_version("regular").await.unwrap();
    assert_eq!((known.version, known.hash), (u64::MAX, [9; 128]));
    assert_eq!(known.index_value_map["index"], [1, 2, 255]);
    assert!(known.mac_mismatch_fatal);
    assert_eq!(backend.get_version("regular_low").await.unwrap().version, 0);
}

fn index_mac(number: u32) -> [u8; 32] {
    let mut mac = [0xab; 32];
    mac[..4].copy_from_slice(&number.to_be_bytes());
    mac
}

async fn mutation_macs(backend: &dyn Backend) {
    const COUNT: u32 = 3000;
    let macs = |value: u8| -> Vec<AppStateMutationMAC> {
        (0..COUNT)
            .map(|number| AppStateMutationMAC {
                index_mac: index_mac(number).to_vec(),
                value_mac: vec![value; 32],
            })
            .collect()
    };
    backend
        .put_mutation_macs("regular", 1, &macs(1))
        .await
        .unwrap();
    backend
        .put_mutation_macs("regular_low", 1, &macs(2))
        .await
        .unwrap();
    let mac = backend
        .get_mutation_mac("regular", &index_mac(7))
        .await
        .unwrap();
    assert_eq!(mac.unwrap(), [1; 32]);
    assert_eq!(
        backend
            .get_mutation_mac("critical", &index_mac(7))
            .await
            .unwrap(),
        None
    );

    let deleted: Vec<Vec<u8>> = (0..1000).map(|number| index_mac(number).to_vec()).collect();
    backend
        .delete_mutation_macs("regular", &deleted)
        .await
        .unwrap();
    backend
        .put_mutation_macs(
            "regular",
            2,
            &[AppStateMutationMAC {
                index_mac: index_mac(1500).to_vec(),
                value_mac: b"newer".to_vec(),
            }],
        )
        .await
        .unwrap();
    let asked: Vec<[u8; 32]> = (500..COUNT + 500).map(index_mac).collect();
    let found = backend.get_mutation_macs("regular", &asked).await.unwrap();
    assert_eq!(found.len(), 2000);
    assert_eq!(found[&index_mac(1500)], b"newer");
    assert!(!found.contains_key(&index_mac(999)));

    backend.clear_mutation_macs("regular").await.unwrap();
    assert!(
        backend
            .get_mutation_macs("regular", &asked)
            .await
            .unwrap()
            .is_empty()
    );
    let other = backend
        .get_mutation_macs("regular_low", &asked)
        .await
        .unwrap();
    assert_eq!(other.len(), 2500);
    backend
        .put_mutation_macs("regular", 3, &macs(3)[..5])
        .await
        .unwrap();
    let mac = backend
        .get_mutation_mac("regular", &index_mac(4))
        .await
        .unwrap();
    assert_eq!(mac.unwrap(), [3; 32]);
    assert_eq!(
        backend
            .get_mutation_mac("regular", &index_mac(5))
            .await
            .unwrap(),
        None
    );
}

async fn devices_of(backend: &dyn Backend, group: &str) -> BTreeMap<String, bool> {
    let devices = backend.get_sender_key_devices(group).await.unwrap();
    devices.into_iter().collect()
}

async fn sender_key_devices(backend: &dyn Backend) {
    assert!(devices_of(backend, "1@g.us").await.is_empty());
    let many: Vec<String> = (0..1500).map(|number| format!("{number}:2@lid")).collect();
    let entries: Vec<(&str, bool)> = many.iter().map(|device| (device.as_str(), true)).collect();
    backend
        .set_sender_key_status("1@g.us", &entries)
        .await
        .unwrap();
    backend
        .set_sender_key_status("1@g.us", &[("3:2@lid", false), ("new@lid", true)])
        .await
        .unwrap();
    backend
        .set_sender_key_status("2@g.us", &[("3:2@lid", true)])
        .await
        .unwrap();
    backend
        .set_sender_key_status("3@g.us", &[("4:2@lid", true)])
        .await
        .unwrap();
    let devices = devices_of(backend, "1@g.us").await;
    assert_eq!(devices.len(), 1501);
    assert_eq!((devices["3:2@lid"], devices["4:2@lid"]), (false, true));

    backend
        .delete_sender_key_device_rows(&["3:2@lid", "nobody@lid"])
        .await
        .unwrap();
    assert_eq!(devices_of(backend, "1@g.us").await.len(), 1500);
    assert!(devices_of(backend, "2@g.us").await.is_empty());
    assert_eq!(devices_of(backend, "3@g.us").await.len(), 1);

    backend.clear_sender_key_devices("1@g.us").await.unwrap();
    assert!(devices_of(backend, "1@g.us").await.is_empty());
    assert_eq!(devices_of(backend, "3@g.us").await.len(), 1);
    backend.clear_all_sender_key_devices().await.unwrap();
    assert!(devices_of(backend, "3@g.us").await.is_empty());
}

fn mapping(lid: &str, phone_number: &str, at: i64) -> LidPnMappingEntry {
    LidPnMappingEntry {
        lid: lid.to_owned(),
        phone_number: phone_number.to_owned(),
        created_at: at,
        updated_at: at,
        learning_source: "usync".to_owned(),
    }
}

async fn lid_mappings(backend: &dyn Backend) {
    async fn phone_of(backend: &dyn Backend, lid: &str) -> Option<String> {
        let entry = backend.get_lid_mapping(lid).await.unwrap();
        entry.map(|entry| entry.phone_number)
    }
    async fn lid_of(backend: &dyn Backend, phone: &str) -> Option<String> {
        let entry = backend.get_pn_mapping(phone).await.unwrap();
        entry.map(|entry| entry.lid)
    }
    assert_eq!(lid_of(backend, "5511").await, None);
    backend
        .put_lid_mapping(&mapping("100", "5511", 1))
        .await
        .unwrap();
    assert_eq!(phone_of(backend, "100").await.as_deref(), Some("5511"));
    assert_eq!(lid_of(backend, "5511").await.as_deref(), Some("100"));
    let entry = backend.get_lid_mapping("100").await.unwrap().unwrap();
    assert_eq!(
        (entry.created_at, entry.updated_at, &*entry.learning_source),
        (1, 1, "usync")
    );

    // A LID with another number: the old one is nobody's.
    backend
        .put_lid_mapping(&mapping("100", "5522", 2))
        .await
        .unwrap();
    assert_eq!(phone_of(backend, "100").await.as_deref(), Some("5522"));
    assert_eq!(lid_of(backend, "5522").await.as_deref(), Some("100"));
    assert_eq!(lid_of(backend, "5511").await, None);
    // A number with another LID: the new one.
    backend
        .put_lid_mapping(&mapping("200", "5522", 3))
        .await
        .unwrap();
    assert_eq!(lid_of(backend, "5522").await.as_deref(), Some("200"));
    assert_eq!(phone_of(backend, "100").await.as_deref(), Some("5522"));

    let many: Vec<LidPnMappingEntry> = (1000..2000)
        .map(|number| mapping(&format!("9{number}"), &format!("55{number}"), 4))
        .chain([mapping("300", "5533", 4), mapping("300", "5544", 5)])
        .collect();
    backend.put_lid_mappings(&many).await.unwrap();
    assert_eq!(lid_of(backend, "551999").await.as_deref(), Some("91999"));
    assert_eq!(lid_of(backend, "5544").await.as_deref(), Some("300"));
    assert_eq!(lid_of(backend, "5533").await, None);
    let all = backend.get_all_lid_mappings().await.unwrap();
    let lids: BTreeSet<&str> = all.iter().map(|entry| &*entry.lid).collect();
    assert_eq!((all.len(), lids.len()), (1003, 1003));
}

async fn base_keys(backend: &dyn Backend) {
    assert!(!backend.has_same_base_key("a", "m", b"key").await.unwrap());
    backend.save_base_key("a", "m", b"key").await.unwrap();
    assert!(backend.has_same_base_key("a", "m", b"key").await.unwrap());
    assert!(!backend.has_same_base_key("a", "m", b"other").await.unwrap());
    assert!(!backend.has_same_base_key("a", "n", b"key").await.unwrap());
    assert!(!backend.has_same_base_key("b", "m", b"key").await.unwrap());
    backend.save_base_key("a", "m", b"other").await.unwrap();
    assert!(backend.has_same_base_key("a", "m", b"other").await.unwrap());
    backend.delete_base_key("a", "m").await.unwrap();
    assert!(!backend.has_same_base_key("a", "m", b"other").await.unwrap());
}

async fn device_lists(backend: &dyn Backend) {
    assert!(backend.get_devices("5511").await.unwrap().is_none());
    let list = |user: &str, devices: u32| DeviceListRecord {
        user: user.to_owned(),
        devices: (0..devices)
            .map(|device| DeviceInfo::new(device, Some(device + 7)).with_hosting(device == 1))
            .collect(),
        timestamp: 1_795_393_200,
        phash: Some("2:abc".to_owned()),
        raw_id: Some(42),
    };
    backend.update_device_list(list("5511", 3)).await.unwrap();
    let many = (0..200)
        .map(|number| list(&format!("u{number}"), 2))
        .collect();
    backend.update_device_lists(many).await.unwrap();
    let known = backend.get_devices("5511").await.unwrap().unwrap();
    assert_eq!((known.timestamp, known.raw_id), (1_795_393_200, Some(42)));
    assert_eq!(known.phash.as_deref(), Some("2:abc"));
    let devices: Vec<_> = known
        .devices
        .iter()
        .map(|device| (device.device_id, device.key_index, device.is_hosted))
        .collect();
    assert_eq!(
        devices,
        [(0, Some(7), false), (1, Some(8), true), (2, Some(9), false)]
    );
    backend.update_device_list(list("5511", 1)).await.unwrap();
    assert_eq!(
        backend
            .get_devices("5511")
            .await
            .unwrap()
            .unwrap()
            .devices
            .len(),
        1
    );
    backend.delete_devices("5511").await.unwrap();
    assert!(backend.get_devices("5511").await.unwrap().is_none());
    assert_eq!(
        backend
            .get_devices("u199")
            .await
            .unwrap()
            .unwrap()
            .devices
            .len(),
        2
    );
}

async fn groups(backend: &dyn Backend) {
    assert_eq!(backend.get_group_metadata("1@g.us").await.unwrap(), None);
    backend
        .put_group_metadata("1@g.us", &record(40_000, 1))
        .await
        .unwrap();
    backend.put_group_metadata("2@g.us", b"two").await.unwrap();
    backend
        .put_group_metadata("1@g.us", &record(40_000, 2))
        .await
        .unwrap();
    let known = backend.get_group_metadata("1@g.us").await.unwrap();
    assert_eq!(known.unwrap(), record(40_000, 2));
    backend.delete_group_metadata("1@g.us").await.unwrap();
    assert_eq!(backend.get_group_metadata("1@g.us").await.unwrap(), None);
    assert_eq!(
        backend.get_group_metadata("2@g.us").await.unwrap().unwrap(),
        b"two"
    );
}

async fn token_of(backend: &dyn Backend, jid: &str) -> (Vec<u8>, i64, Option<i64>) {
    let entry = backend.get_tc_token(jid).await.unwrap().unwrap();
    (entry.token, entry.token_timestamp, entry.sender_timestamp)
}

async fn tc_tokens(backend: &dyn Backend) {
    assert!(backend.get_tc_token("a").await.unwrap().is_none());
    // Whoever is told of a token first keeps the place for the other half.
    backend
        .touch_tc_token_sender_timestamp("a", 100)
        .await
        .unwrap();
    assert_eq!(token_of(backend, "a").await, (vec![], 100, Some(100)));
    backend
        .store_received_tc_token("a", b"first", 50)
        .await
        .unwrap();
    assert_eq!(
        token_of(backend, "a").await,
        (b"first".to_vec(), 50, Some(100))
    );
    backend
        .touch_tc_token_sender_timestamp("a", 90)
        .await
        .unwrap();
    backend
        .store_received_tc_token("a", b"stale", 49)
        .await
        .unwrap();
    assert_eq!(
        token_of(backend, "a").await,
        (b"first".to_vec(), 50, Some(100))
    );
    backend
        .touch_tc_token_sender_timestamp("a", 110)
        .await
        .unwrap();
    backend
        .store_received_tc_token("a", b"as new", 50)
        .await
        .unwrap();
    assert_eq!(
        token_of(backend, "a").await,
        (b"as new".to_vec(), 50, Some(110))
    );
    backend
        .store_received_tc_token("b", b"b", 10)
        .await
        .unwrap();
    assert_eq!(token_of(backend, "b").await, (b"b".to_vec(), 10, None));

    for (jid, token, token_timestamp, sender_timestamp) in [
        ("token lives", b"t".as_slice(), 1000, None),
        ("sender lives", b"t", 1, Some(2000)),
        ("no token", b"", 1000, Some(1999)),
        ("nothing lives", b"t", 999, Some(1999)),
        ("never sent", b"t", 999, None),
    ] {
        let entry = TcTokenEntry {
            token: token.to_vec(),
            token_timestamp,
            sender_timestamp,
        };
        backend.put_tc_token(jid, &entry).await.unwrap();
    }
    backend.delete_tc_token("a").await.unwrap();
    backend.delete_tc_token("b").await.unwrap();
    assert_eq!(backend.get_all_tc_token_jids().await.unwrap().len(), 5);
    assert_eq!(
        backend.delete_expired_tc_tokens(1000, 2000).await.unwrap(),
        3
    );
    assert_eq!(
        backend.delete_expired_tc_tokens(1000, 2000).await.unwrap(),
        0
    );
    let mut left = backend.get_all_tc_token_jids().await.unwrap();
    left.sort();
    assert_eq!(left, ["sender lives", "token lives"]);
}

async fn sent_messages(backend: &dyn Backend) {
    let now = wacore::time::now_secs();
    backend
        .store_sent_message("chat", "m1", b"one")
        .await
        .unwrap();
    backend
        .store_sent_message("chat", "m1", b"one again")
        .await
        .unwrap();
    backend
        .store_sent_message("chat", "m2", b"two")
        .await
        .unwrap();
    backend
        .store_sent_message("other", "m1", b"three")
        .await
        .unwrap();
    // Taken once.
    let taken = backend.take_sent_message("chat", "m1").await.unwrap();
    assert_eq!(taken.unwrap(), b"one again");
    assert_eq!(backend.take_sent_message("chat", "m1").await.unwrap(), None);
    assert_eq!(
        backend.take_sent_message("nobody", "m1").await.unwrap(),
        None
    );

    assert_eq!(
        backend
            .delete_expired_sent_messages(now - 60)
            .await
            .unwrap(),
        0
    );
    assert_eq!(
        backend
            .take_sent_message("other", "m1")
            .await
            .unwrap()
            .unwrap(),
        b"three"
    );
    assert_eq!(
        backend
            .delete_expired_sent_messages(now + 60)
            .await
            .unwrap(),
        1
    );
    assert_eq!(backend.take_sent_message("chat", "m2").await.unwrap(), None);
}

async fn pending_inbound(backend: &dyn Backend) {
    let now = wacore::time::now_secs();
    backend
        .store_pending_inbound("c", "s", "1", b"one")
        .await
        .unwrap();
    let long = "x".repeat(3000);
    let rows = [
        PendingInboundRow {
            chat: "c",
            sender: "s",
            id: "2",
            message: b"two",
        },
        PendingInboundRow {
            chat: "c",
            sender: "s",
            id: "1",
            message: b"one again",
        },
        PendingInboundRow {
            chat: "c",
            sender: "t",
            id: "1",
            message: b"of another",
        },
        PendingInboundRow {
            chat: "c",
            sender: "s",
            id: &long,
            message: b"long",
        },
        PendingInboundRow {
            chat: "c",
            sender: "s",
            id: "nul\0",
            message: b"nul",
        },
    ];
    backend.store_pending_inbound_batch(&rows).await.unwrap();
    for row in &rows {
        // Read as often as one likes.
        for _ in 0..2 {
            let read = backend
                .get_pending_inbound(row.chat, row.sender, row.id)
                .await;
            assert_eq!(read.unwrap().unwrap(), row.message);
        }
    }
    assert!(is_not_there(backend, "c", "s", "3").await);
    assert_eq!(
        backend
            .delete_expired_pending_inbound(now - 60)
            .await
            .unwrap(),
        0
    );
    backend.delete_pending_inbound("c", "s", "1").await.unwrap();
    let keys = [
        PendingInboundKey {
            chat: "c",
            sender: "s",
            id: &long,
        },
        PendingInboundKey {
            chat: "c",
            sender: "s",
            id: "never there",
        },
    ];
    backend.delete_pending_inbound_batch(&keys).await.unwrap();
    assert!(is_not_there(backend, "c", "s", "1").await);
    assert!(is_not_there(backend, "c", "s", &long).await);
    assert_eq!(
        backend
            .get_pending_inbound("c", "t", "1")
            .await
            .unwrap()
            .unwrap(),
        b"of another"
    );
    assert_eq!(
        backend
            .delete_expired_pending_inbound(now + 60)
            .await
            .unwrap(),
        3
    );
    assert!(is_not_there(backend, "c", "t", "1").await);
}

/// Ours answers with an error for what it has never heard of, so that the library does not acknowledge it.
async fn is_not_there(backend: &dyn Backend, chat: &str, sender: &str, id: &str) -> bool {
    let read = backend.get_pending_inbound(chat, sender, id).await;
    !matches!(read, Ok(Some(_)))
}

fn secret(chat: &str, id: &str, byte: u8, expires_at: i64, message_ts: i64) -> MsgSecretEntry {
    MsgSecretEntry {
        chat: arc(chat),
        sender: arc("s@lid"),
        msg_id: arc(id),
        secret: [byte; 32],
        expires_at,
        message_ts,
    }
}

async fn message_secrets(backend: &dyn Backend) {
    async fn known(backend: &dyn Backend, id: &str) -> Option<(u8, i64)> {
        let found = backend
            .get_msg_secret_with_ts("c", "s@lid", id)
            .await
            .unwrap();
        let (secret, message_ts) = found?;
        assert!(secret.len() == 32 && secret.iter().all(|byte| *byte == secret[0]));
        Some((secret[0], message_ts))
    }
    assert_eq!(
        backend.get_msg_secret("c", "s@lid", "1").await.unwrap(),
        None
    );
    let entries = vec![
        secret("c", "1", 1, 100, 10),
        secret("c", "2", 2, 200, 0),
        secret("c", "never", 3, 0, 10),
        // Twice in a batch: the later one, with the longer of the two lives.
        secret("c", "twice", 4, 300, 30),
        secret("c", "twice", 5, 100, 0),
        secret("d", "1", 6, 100, 10),
    ];
    assert_eq!(backend.put_msg_secrets(entries).await.unwrap(), 6);
    assert_eq!(known(backend, "1").await, Some((1, 10)));
    assert_eq!(known(backend, "twice").await, Some((5, 30)));
    assert_eq!(
        backend
            .get_msg_secret("d", "s@lid", "1")
            .await
            .unwrap()
            .unwrap(),
        [6; 32]
    );

    // Again: the secret is the new one, the life the longer one, the time what is known of it.
    let again = vec![
        secret("c", "1", 7, 50, 0),
        secret("c", "2", 8, 400, 20),
        secret("c", "never", 9, 100, 5),
    ];
    assert_eq!(backend.put_msg_secrets(again).await.unwrap(), 3);
    assert_eq!(known(backend, "1").await, Some((7, 10)));
    assert_eq!(known(backend, "2").await, Some((8, 20)));
    assert_eq!(known(backend, "never").await, Some((9, 10)));
    backend
        .put_msg_secret("c", "s@lid", "plain", &[11; 32])
        .await
        .unwrap();
    assert_eq!(known(backend, "plain").await, Some((11, 0)));

    assert_eq!(backend.delete_expired_msg_secrets(99).await.unwrap(), 0);
    assert_eq!(backend.delete_expired_msg_secrets(100).await.unwrap(), 2);
    assert_eq!(known(backend, "1").await, None);
    assert_eq!(backend.delete_expired_msg_secrets(399).await.unwrap(), 1);
    assert_eq!(known(backend, "twice").await, None);
    assert_eq!(known(backend, "2").await, Some((8, 20)));
    assert_eq!(
        backend
            .delete_expired_msg_secrets(i64::MAX / 1000)
            .await
            .unwrap(),
        1
    );
    assert_eq!(known(backend, "never").await, Some((9, 10)));
    assert_eq!(known(backend, "plain").await, Some((11, 0)));

    let many = (0..2000)
        .map(|number| secret("many", &number.to_string(), 1, 100, 0))
        .collect();
    assert_eq!(backend.put_msg_secrets(many).await.unwrap(), 2000);
    assert_eq!(
        backend.delete_expired_msg_secrets(1000).await.unwrap(),
        2000
    );
}

async fn an_account(backend: &dyn Backend) {
    assert!(!backend.exists().await.unwrap());
    assert!(backend.load().await.unwrap().is_none());
    backend.create().await.unwrap();
    assert!(backend.exists().await.unwrap());
    let created = backend.load().await.unwrap().unwrap();
    assert_eq!(created.pn, None);

    let mut device = created.clone();
    device.pn = Some("5511999990000:7@s.whatsapp.net".parse().unwrap());
    device.lid = Some("203948203948:7@lid".parse().unwrap());
    device.account = Some(Arc::new(
        waproto::codec::adv_signed_device_identity_decode(
            b"\x0a\x03abc\x12\x02de\x1a\x01f\x22\x01g",
        )
        .unwrap(),
    ));
    device.signed_pre_key_signature = std::array::from_fn(|at| at as u8);
    device.signed_pre_key_id = 3;
    device.push_name = "Zé \u{1f426}".to_owned();
    device.app_version_tertiary = 7;
    device.app_version_last_fetched_ms = -1;
    device.edge_routing_info = Some(vec![0, 255]);
    device.props_hash = Some("hash".to_owned());
    device.next_pre_key_id = 813;
    device.first_unupload_pre_key_id = 5;
    device.server_has_prekeys = true;
    device.nct_salt = Some(vec![1; 32]);
    let cert = |key| CachedNoiseCert {
        key: [key; 32],
        not_before: i64::MIN,
        not_after: i64::MAX,
    };
    device.server_cert_chain = Some(CachedServerCertChain {
        intermediate: cert(1),
        leaf: cert(2),
    });
    device.login_counter = 9;
    device.lid_migrated = true;
    device.last_signed_pre_key_rotation_ms = 1_795_393_206_750;
    device.read_receipts_disabled = true;
    backend.save(&device).await.unwrap();
    let loaded = backend.load().await.unwrap().unwrap();
    assert_same(&loaded, &device);
    // A second call makes no new account.
    backend.create().await.unwrap();
    assert_same(&backend.load().await.unwrap().unwrap(), &device);
}

/// Names every field, so that one that a later version of the library adds is not forgotten here.
fn assert_same(loaded: &Device, saved: &Device) {
    let Device {
        pn,
        lid,
        registration_id,
        noise_key,
        identity_key,
        signed_pre_key,
        signed_pre_key_id,
        signed_pre_key_signature,
        adv_secret_key,
        account,
        push_name,
        app_version_primary,
        app_version_secondary,
        app_version_tertiary,
        app_version_last_fetched_ms,
        device_props,
        client_profile,
        edge_routing_info,
        props_hash,
        next_pre_key_id,
        first_unupload_pre_key_id,
        server_has_prekeys,
        nct_salt,
        nct_salt_sync_seen,
        server_cert_chain,
        login_counter,
        lid_migrated,
        last_signed_pre_key_rotation_ms,
        read_receipts_disabled,
    } = loaded;
    assert_eq!((pn, lid), (&saved.pn, &saved.lid));
    assert_eq!(*registration_id, saved.registration_id);
    for (loaded, saved) in [
        (noise_key, &saved.noise_key),
        (identity_key, &saved.identity_key),
        (signed_pre_key, &saved.signed_pre_key),
    ] {
        assert_eq!(
            loaded.private_key.serialize(),
            saved.private_key.serialize()
        );
        assert_eq!(loaded.public_key.serialize(), saved.public_key.serialize());
    }
    assert_eq!(*signed_pre_key_id, saved.signed_pre_key_id);
    assert_eq!(*signed_pre_key_signature, saved.signed_pre_key_signature);
    assert_eq!(*adv_secret_key, saved.adv_secret_key);
    let bytes = |account: &Option<_>| {
        account
            .as_deref()
            .map(waproto::codec::adv_signed_device_identity_to_vec)
    };
    assert_eq!(bytes(account), bytes(&saved.account));
    assert!(bytes(account).is_some_and(|bytes| bytes.len() > 10));
    assert_eq!(*push_name, saved.push_name);
    assert_eq!(
        (
            app_version_primary,
            app_version_secondary,
            app_version_tertiary,
            app_version_last_fetched_ms
        ),
        (
            &saved.app_version_primary,
            &saved.app_version_secondary,
            &saved.app_version_tertiary,
            &saved.app_version_last_fetched_ms
        )
    );
    // Not kept, but not empty either: what nobody overrides is told to the network when an account is linked.
    assert_eq!(**device_props, *saved.device_props);
    assert_eq!(
        format!("{client_profile:?}"),
        format!("{:?}", saved.client_profile)
    );
    assert_eq!(*edge_routing_info, saved.edge_routing_info);
    assert_eq!(*props_hash, saved.props_hash);
    assert_eq!(
        (next_pre_key_id, first_unupload_pre_key_id),
        (&saved.next_pre_key_id, &saved.first_unupload_pre_key_id)
    );
    assert_eq!(*server_has_prekeys, saved.server_has_prekeys);
    assert_eq!(*nct_salt, saved.nct_salt);
    assert_eq!(*nct_salt_sync_seen, saved.nct_salt_sync_seen);
    assert_eq!(*server_cert_chain, saved.server_cert_chain);
    assert_eq!(*login_counter, saved.login_counter);
    assert_eq!(*lid_migrated, saved.lid_migrated);
    assert_eq!(
        *last_signed_pre_key_rotation_ms,
        saved.last_signed_pre_key_rotation_ms
    );
    assert_eq!(*read_receipts_disabled, saved.read_receipts_disabled);
}

async fn empty_batches(backend: &dyn Backend) {
    backend.put_identities_batch(&[]).await.unwrap();
    backend.put_sessions_batch(&[]).await.unwrap();
    backend.put_sender_keys_batch(&[]).await.unwrap();
    backend.store_prekeys_batch(&[], false).await.unwrap();
    backend.mark_prekeys_uploaded(&[]).await.unwrap();
    assert!(backend.load_prekeys_batch(&[]).await.unwrap().is_empty());
    backend.put_mutation_macs("c", 1, &[]).await.unwrap();
    backend.delete_mutation_macs("c", &[]).await.unwrap();
    assert!(
        backend
            .get_mutation_macs("c", &[])
            .await
            .unwrap()
            .is_empty()
    );
    backend.set_sender_key_status("g", &[]).await.unwrap();
    backend.delete_sender_key_device_rows(&[]).await.unwrap();
    backend.put_lid_mappings(&[]).await.unwrap();
    backend.update_device_lists(Vec::new()).await.unwrap();
    backend.store_pending_inbound_batch(&[]).await.unwrap();
    backend.delete_pending_inbound_batch(&[]).await.unwrap();
    assert_eq!(backend.put_msg_secrets(Vec::new()).await.unwrap(), 0);
}

/// What reads and then writes loses nothing when it meets itself.
async fn calls_at_once(backend: Arc<dyn Backend>) {
    backend.store_sent_message("c", "m", b"once").await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..40_i64 {
        let backend = Arc::clone(&backend);
        tasks.spawn(async move {
            let device = format!("{number}@lid");
            backend
                .set_sender_key_status("g", &[(&device, true)])
                .await
                .unwrap();
            backend
                .touch_tc_token_sender_timestamp("t", number)
                .await
                .unwrap();
            backend
                .store_received_tc_token("t", &number.to_be_bytes(), number)
                .await
                .unwrap();
            backend
                .put_msg_secrets(vec![secret("c", "same", 1, 1000 + number, number)])
                .await
                .unwrap();
            backend
                .put_session(&format!("{number}@lid"), &number.to_be_bytes())
                .await
                .unwrap();
            backend.take_sent_message("c", "m").await.unwrap().is_some()
        });
    }
    let mut taken = 0;
    while let Some(outcome) = tasks.join_next().await {
        taken += u32::from(outcome.unwrap());
    }
    assert_eq!(taken, 1);
    assert_eq!(devices_of(&*backend, "g").await.len(), 40);
    let expected = (39_i64.to_be_bytes().to_vec(), 39, Some(39));
    assert_eq!(token_of(&*backend, "t").await, expected);
    let same = backend
        .get_msg_secret_with_ts("c", "s@lid", "same")
        .await
        .unwrap();
    assert_eq!(same.unwrap().1, 39);
    assert_eq!(backend.delete_expired_msg_secrets(1038).await.unwrap(), 0);
    for number in 0..40_i64 {
        let session = backend.get_session(&format!("{number}@lid")).await.unwrap();
        assert_eq!(session.unwrap(), number.to_be_bytes().as_slice());
    }
}

//! Credentials of WhatsApp accounts in the databases that there are: the library's rules, and what is left after a restart.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use pombo_channel_whatsapp::auth_state::StoreBackend;
use pombo_domain::clock::{Clock as _, SystemClock};
use pombo_domain::id::InstanceId;
use pombo_domain::instance::{ChannelKind, ConnectionState, Instance, InstanceName};
use pombo_store::auth_state::InstanceAuth;
use pombo_store::{Backend as Database, Db, DbConfig, Synchronous};
use wacore::store::traits::{
    AppSyncStore as _, Backend, DeviceStore as _, ProtocolStore as _, SignalStore as _,
};

use crate::crash_databases::TestDatabase;

/// What the library's own storage keeps to as well: the tests of the channel ask it the same.
#[expect(clippy::unwrap_used, reason = "a test that panics says enough")]
#[path = "../../../pombo-channel-whatsapp/tests/it/semantics.rs"]
mod semantics;

async fn open(database: &Database) -> Db {
    let config = DbConfig {
        backend: database.clone(),
        wait: Duration::from_secs(20),
        max_connections: 4,
    };
    Db::open(config).await.expect("the database opens")
}

/// A new instance.
async fn stored_instance(db: &Db) -> InstanceId {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let now = SystemClock.now();
    let instance = Instance {
        id: InstanceId::random(),
        name: InstanceName::new(format!("account {}", COUNT.fetch_add(1, Ordering::Relaxed)))
            .expect("a name"),
        connection: ConnectionState::Close,
        owner_jid: None,
        profile_name: None,
        profile_pic_url: None,
        channel: ChannelKind::Whatsapp,
        number: None,
        business_id: None,
        token: "a-token".to_owned(),
        client_name: "pombo".to_owned(),
        disconnection_reason_code: None,
        disconnection_object: None,
        disconnection_at: None,
        created_at: now,
        updated_at: now,
    };
    let id = instance.id.clone();
    db.write(move |tx| {
        let instance = instance.clone();
        Box::pin(async move { pombo_store::instance::insert(tx, &instance).await })
    })
    .await
    .expect("the instance is stored");
    id
}

fn backend(db: &Db, id: &InstanceId) -> Arc<StoreBackend> {
    let store = InstanceAuth::new(db.clone(), id.clone());
    Arc::new(StoreBackend::new(Arc::new(store)))
}

async fn keeps_the_rules(database: &Database) {
    let db = open(database).await;
    semantics::hold(async || {
        let id = stored_instance(&db).await;
        backend(&db, &id) as Arc<dyn Backend>
    })
    .await;
    db.close().await;
}

/// What was told is there after a restart, of each account its own; and it is gone after the account was unlinked.
async fn is_there_after_a_restart(database: &Database) {
    let db = open(database).await;
    let (alice, bob) = (stored_instance(&db).await, stored_instance(&db).await);
    for (id, number) in [(&alice, 1_u8), (&bob, 2)] {
        let backend = backend(&db, id);
        backend.create().await.expect("an account");
        let keys: Vec<(u32, bytes::Bytes)> =
            (1..=812).map(|id| (id, vec![number; 74].into())).collect();
        backend
            .store_prekeys_batch(&keys, false)
            .await
            .expect("stored");
        backend
            .put_session("1@lid", &[number; 5000])
            .await
            .expect("stored");
        // Not waited for; the farewell makes it durable.
        backend
            .store_sent_message("c", "m", &[number])
            .await
            .expect("told");
        backend.remove_prekey(812).await.expect("told");
        backend
            .set_version(
                "regular",
                wacore::appstate::hash::HashState {
                    version: u64::from(number),
                    ..Default::default()
                },
            )
            .await
            .expect("told");
        backend.flush().await.expect("durable");
    }
    db.close().await;

    let db = open(database).await;
    let load = |id: &InstanceId| {
        let backend = backend(&db, id);
        async move { backend.load().await.expect("read") }
    };
    let (a, b) = (
        load(&alice).await.expect("alice"),
        load(&bob).await.expect("bob"),
    );
    assert_ne!(a.registration_id, b.registration_id);
    for (id, number) in [(&alice, 1_u8), (&bob, 2)] {
        let backend = backend(&db, id);
        assert_eq!(backend.get_max_prekey_id().await.expect("read"), 811);
        let session = backend
            .get_session("1@lid")
            .await
            .expect("read")
            .expect("there");
        assert_eq!(session, [number; 5000].as_slice());
        let version = backend.get_version("regular").await.expect("read");
        assert_eq!(version.version, u64::from(number));
        let sent = backend.take_sent_message("c", "m").await.expect("read");
        assert_eq!(sent.expect("there"), [number]);
    }
    backend(&db, &alice).clear().await.expect("forgotten");
    assert!(load(&alice).await.is_none());
    assert_eq!(
        backend(&db, &alice)
            .get_max_prekey_id()
            .await
            .expect("read"),
        0
    );
    assert_eq!(
        backend(&db, &bob).get_max_prekey_id().await.expect("read"),
        811
    );
    db.close().await;
}

async fn on_sqlite(test: impl AsyncFnOnce(Database)) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("pombo.db");
    test(Database::Sqlite {
        path,
        synchronous: Synchronous::Full,
    })
    .await;
}

fn servers(test: &str) -> Vec<(TestDatabase, Database)> {
    let databases = TestDatabase::all(test).into_iter();
    databases
        .map(|database| {
            let url = secrecy::SecretString::from(database.uri());
            let opened = match database.provider() {
                "mysql" => Database::Mysql { url },
                _ => Database::Postgres {
                    url,
                    bouncer: false,
                },
            };
            (database, opened)
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_keeps_the_librarys_rules() {
    on_sqlite(async |database| keeps_the_rules(&database).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_keep_the_librarys_rules() {
    for (_database, opened) in servers("servers_keep_the_librarys_rules") {
        keeps_the_rules(&opened).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_are_there_after_a_restart() {
    on_sqlite(async |database| is_there_after_a_restart(&database).await).await;
    for (_database, opened) in servers("credentials_are_there_after_a_restart") {
        is_there_after_a_restart(&opened).await;
    }
}

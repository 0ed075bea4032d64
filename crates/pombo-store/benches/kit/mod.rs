//! What both benchmarks need: a database from the environment, and an invented message with its three events.

use std::path::PathBuf;
use std::time::Duration;

use pombo_domain::clock::Timestamp;
use pombo_domain::event::{EventKind, NewEvent};
use pombo_domain::id::{EventId, InstanceId, RowId};
use pombo_domain::instance::{ChannelKind, ConnectionState, Instance, InstanceName};
use pombo_domain::message::{DeviceSource, Message, MessageKey};
use pombo_store::{Backend, Db, DbConfig, Synchronous, Tx, chat, contact, instance, message};
use secrecy::SecretString;

/// A place that goes away with the benchmark.
pub(crate) struct Place {
    pub(crate) db: Db,
    _folder: tempfile::TempDir,
}

/// `POMBO_BENCH_DATABASE`: an address of a PostgreSQL or MySQL database, or nothing for SQLite in a new folder (below
/// `POMBO_BENCH_DIR` when given).
pub(crate) async fn open() -> Place {
    let parent = std::env::var_os("POMBO_BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = tempfile::tempdir_in(parent).expect("a folder can be made");
    let backend = match std::env::var("POMBO_BENCH_DATABASE") {
        Ok(url) if url.starts_with("mysql") => Backend::Mysql {
            url: SecretString::from(url),
        },
        Ok(url) => Backend::Postgres {
            url: SecretString::from(url),
            bouncer: false,
        },
        Err(_) => Backend::Sqlite {
            path: folder.path().join("pombo.db"),
            synchronous: Synchronous::Full,
        },
    };
    let config = DbConfig {
        backend,
        wait: Duration::ZERO,
        max_connections: 5,
    };
    Place {
        db: Db::open(config).await.expect("the database opens"),
        _folder: folder,
    }
}

pub(crate) async fn new_instance(db: &Db) -> Instance {
    let id = InstanceId::random();
    let instance = Instance {
        name: InstanceName::new(format!("bench-{id}")).expect("a valid name"),
        id,
        connection: ConnectionState::Open,
        owner_jid: None,
        profile_name: None,
        profile_pic_url: None,
        channel: ChannelKind::Evolution,
        number: None,
        business_id: None,
        token: "token".to_owned(),
        client_name: "bench".to_owned(),
        disconnection_reason_code: None,
        disconnection_object: None,
        disconnection_at: None,
        created_at: Timestamp::default(),
        updated_at: Timestamp::default(),
    };
    let stored = instance.clone();
    db.write(move |tx| {
        let instance = stored.clone();
        Box::pin(async move { instance::insert(tx, &instance).await })
    })
    .await
    .expect("the instance is stored");
    instance
}

/// Message `number` as it comes in at second `at_s`: message, chat, contact, and `events` events.
pub(crate) async fn inbound(
    tx: &mut Tx,
    owner: &Instance,
    number: i64,
    at_s: i64,
    chats: i64,
    events: usize,
) -> Result<(), pombo_store::StoreError> {
    let now = Timestamp::from_millis(at_s * 1000);
    let jid = format!("55119{:08}@s.whatsapp.net", (number * 7919) % chats);
    let text =
        "Bom dia! O pedido chega hoje entre as duas e as quatro da tarde, se a chuva deixar. ";
    let stored = Message {
        id: RowId::new(now),
        instance_id: owner.id.clone(),
        key: MessageKey::new(format!("3EB0{number:016X}"), jid.as_str(), false),
        push_name: Some("Maria".to_owned()),
        message_type: "conversation".to_owned(),
        message: serde_json::json!({"conversation": text.repeat(3), "messageContextInfo": {"deviceListMetadataVersion": 2}}),
        context_info: None,
        source: DeviceSource::Android,
        timestamp: now.millis() / 1000,
        status: None,
        participant: None,
        webhook_url: None,
    };
    message::insert(tx, &stored).await?;
    let touch = chat::ChatTouch {
        instance_id: &owner.id,
        remote_jid: &jid,
        message: Some(&stored),
        unread_add: 1,
        name: None,
        now,
    };
    chat::touch(tx, &touch).await?;
    let contact = contact::NewContact {
        instance_id: &owner.id,
        remote_jid: &jid,
        push_name: Some("Maria"),
        profile_pic_url: None,
        now,
    };
    contact::upsert(tx, &contact).await?;
    for _ in 0..events {
        tx.append_event(NewEvent {
            id: EventId::new(now),
            instance: owner.reference(),
            kind: EventKind::MessagesUpsert,
            at: now,
            sender: Some("5511900000000@s.whatsapp.net".to_owned()),
            data: serde_json::value::to_raw_value(&stored.record()).expect("a record is JSON"),
        });
    }
    Ok(())
}

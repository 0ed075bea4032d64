//! Databases made for one test and removed after it, and invented things to store.

use std::path::PathBuf;
use std::time::Duration;

use pombo_domain::clock::Timestamp;
use pombo_domain::event::{EventKind, NewEvent};
use pombo_domain::id::{EventId, InstanceId, RowId};
use pombo_domain::instance::{ChannelKind, ConnectionState, Instance, InstanceName};
use pombo_domain::message::{DeviceSource, Message, MessageKey};
use pombo_store::{Backend, Db, DbConfig, Synchronous};
use secrecy::SecretString;
use sqlx::{AssertSqlSafe, Connection as _};

/// A database for one test.
pub(crate) struct TestDb {
    pub(crate) db: Db,
    pub(crate) backend: Backend,
    place: Place,
}

enum Place {
    Memory,
    Folder(#[expect(dead_code, reason = "removed when dropped")] tempfile::TempDir),
    Postgres { admin: String, schema: String },
    Mysql { admin: String, database: String },
}

/// Which database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    Sqlite,
    Memory,
    Postgres,
    /// As behind pgbouncer: through it when `POMBO_TEST_PGBOUNCER_URL` says where it is, else only in its manner.
    Bouncer,
    Mysql,
}

fn postgres_url() -> String {
    std::env::var("POMBO_TEST_POSTGRES_URL")
        .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/test".to_owned())
}

fn mysql_url() -> String {
    std::env::var("POMBO_TEST_MYSQL_URL")
        .unwrap_or_else(|_| "mysql://root@127.0.0.1:3306/test".to_owned())
}

impl TestDb {
    /// `None`, said aloud, when there is no such server; a failure when all are required.
    pub(crate) async fn open(on: On) -> Option<Self> {
        let mut test = Self::open_empty(on).await?;
        test.db = open(&test.backend).await;
        Some(test)
    }

    /// A place for a database that nobody has opened yet: `db` is one in memory.
    pub(crate) async fn open_empty(on: On) -> Option<Self> {
        let name = format!("pombo_test_{:016x}", fastrand::u64(..));
        let (backend, place) = match on {
            On::Memory => (Backend::SqliteMemory, Place::Memory),
            On::Sqlite => {
                let folder = tempfile::tempdir().unwrap();
                let path = folder.path().join("pombo.db");
                (
                    Backend::Sqlite {
                        path,
                        synchronous: Synchronous::Normal,
                    },
                    Place::Folder(folder),
                )
            }
            On::Postgres | On::Bouncer => {
                let admin = postgres_url();
                if let Err(error) = sqlx::PgConnection::connect(&admin).await {
                    return skipped("PostgreSQL", &error);
                }
                let sign = if admin.contains('?') { '&' } else { '?' };
                let mut url = format!("{admin}{sign}schema={name}&application_name={name}");
                if let (On::Bouncer, Ok(bouncer)) = (on, std::env::var("POMBO_TEST_PGBOUNCER_URL"))
                {
                    url = format!("{bouncer}?schema={name}&application_name={name}");
                }
                let backend = Backend::Postgres {
                    url: SecretString::from(url),
                    bouncer: on == On::Bouncer,
                };
                (
                    backend,
                    Place::Postgres {
                        admin,
                        schema: name,
                    },
                )
            }
            On::Mysql => {
                let admin = mysql_url();
                let mut connection = match sqlx::MySqlConnection::connect(&admin).await {
                    Ok(connection) => connection,
                    Err(error) => return skipped("MySQL", &error),
                };
                sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}")))
                    .execute(&mut connection)
                    .await
                    .unwrap();
                let (server, _) = admin.rsplit_once('/').unwrap();
                let backend = Backend::Mysql {
                    url: SecretString::from(format!("{server}/{name}")),
                };
                (
                    backend,
                    Place::Mysql {
                        admin,
                        database: name,
                    },
                )
            }
        };
        let db = open(&Backend::SqliteMemory).await;
        Some(Self { db, backend, place })
    }

    /// The file of a SQLite database.
    pub(crate) fn path(&self) -> PathBuf {
        match &self.backend {
            Backend::Sqlite { path, .. } => path.clone(),
            other => panic!("{} is no file", other.describe()),
        }
    }

    /// Runs a statement beside the store, as somebody else would.
    pub(crate) async fn sql(&self, sql: &str) {
        match &self.place {
            Place::Memory => panic!("nobody else can reach a database in memory"),
            Place::Folder(_) => {
                let url = format!("sqlite://{}", self.path().display());
                let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
                sqlx::raw_sql(AssertSqlSafe(sql))
                    .execute(&mut connection)
                    .await
                    .unwrap();
            }
            Place::Postgres { admin, schema } => {
                let mut connection = sqlx::PgConnection::connect(admin).await.unwrap();
                let sql = format!("SET search_path TO \"{schema}\"; {sql}");
                sqlx::raw_sql(AssertSqlSafe(sql))
                    .execute(&mut connection)
                    .await
                    .unwrap();
            }
            Place::Mysql { admin, database } => {
                let (server, _) = admin.rsplit_once('/').unwrap();
                let mut connection =
                    sqlx::MySqlConnection::connect(&format!("{server}/{database}"))
                        .await
                        .unwrap();
                sqlx::raw_sql(AssertSqlSafe(sql))
                    .execute(&mut connection)
                    .await
                    .unwrap();
            }
        }
    }

    /// Cuts every connection that the store has, from the server's side.
    pub(crate) async fn cut_connections(&self) {
        match &self.place {
            Place::Memory | Place::Folder(_) => panic!("a file has no connections"),
            Place::Postgres { admin, schema } => {
                let mut connection = sqlx::PgConnection::connect(admin).await.unwrap();
                let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1";
                sqlx::query(sql)
                    .bind(schema)
                    .execute(&mut connection)
                    .await
                    .unwrap();
            }
            Place::Mysql { admin, database } => {
                let mut connection = sqlx::MySqlConnection::connect(admin).await.unwrap();
                let sql =
                    "SELECT CAST(id AS SIGNED) FROM information_schema.processlist WHERE db = ?";
                let ids: Vec<i64> = sqlx::query_scalar(sql)
                    .bind(database)
                    .fetch_all(&mut connection)
                    .await
                    .unwrap();
                for id in ids {
                    // It may have gone by itself.
                    drop(
                        sqlx::raw_sql(AssertSqlSafe(format!("KILL {id}")))
                            .execute(&mut connection)
                            .await,
                    );
                }
            }
        }
    }

    /// The address of the store's server, for a detour.
    pub(crate) fn server(&self) -> String {
        let url = match &self.backend {
            Backend::Postgres { url, .. } | Backend::Mysql { url } => {
                secrecy::ExposeSecret::expose_secret(url).to_owned()
            }
            other => panic!("{} is no server", other.describe()),
        };
        url.rsplit_once('@')
            .unwrap()
            .1
            .split('/')
            .next()
            .unwrap()
            .to_owned()
    }

    /// The same database by way of another address, in plain text so that the detour can read along.
    pub(crate) fn by_way_of(&self, address: &str) -> Backend {
        let server = self.server();
        let detour = |url: &SecretString, plain: &str| {
            let url = secrecy::ExposeSecret::expose_secret(url).replace(&server, address);
            let sign = if url.contains('?') { '&' } else { '?' };
            SecretString::from(format!("{url}{sign}{plain}"))
        };
        match &self.backend {
            Backend::Postgres { url, bouncer } => Backend::Postgres {
                url: detour(url, "sslmode=disable"),
                bouncer: *bouncer,
            },
            Backend::Mysql { url } => Backend::Mysql {
                url: detour(url, "ssl-mode=disabled"),
            },
            other => panic!("{} is no server", other.describe()),
        }
    }

    /// Closes it and opens it again; a database in memory stays as it is.
    pub(crate) async fn reopen(&mut self) {
        if !matches!(self.place, Place::Memory) {
            self.db.close().await;
            self.db = open(&self.backend).await;
        }
    }

    pub(crate) async fn remove(self) {
        self.db.close().await;
        match self.place {
            Place::Memory | Place::Folder(_) => {}
            Place::Postgres { admin, schema } => {
                let mut connection = sqlx::PgConnection::connect(&admin).await.unwrap();
                let sql = format!("DROP SCHEMA \"{schema}\" CASCADE");
                sqlx::raw_sql(AssertSqlSafe(sql))
                    .execute(&mut connection)
                    .await
                    .unwrap();
            }
            Place::Mysql { admin, database } => {
                let mut connection = sqlx::MySqlConnection::connect(&admin).await.unwrap();
                sqlx::raw_sql(AssertSqlSafe(format!("DROP DATABASE {database}")))
                    .execute(&mut connection)
                    .await
                    .unwrap();
            }
        }
    }
}

fn skipped(what: &str, error: &sqlx::Error) -> Option<TestDb> {
    assert!(
        std::env::var("POMBO_REQUIRE_ALL").as_deref() != Ok("1"),
        "{what} is required but not reachable: {error}"
    );
    eprintln!("SKIPPED: {what} is not reachable: {error}");
    None
}

pub(crate) async fn open(backend: &Backend) -> Db {
    let config = DbConfig {
        backend: backend.clone(),
        wait: Duration::from_secs(20),
        max_connections: 4,
    };
    Db::open(config).await.unwrap()
}

/// One test body, run on every database.
macro_rules! on_every_database {
    ($(async fn $name:ident($db:ident: &mut TestDb) $body:block)*) => {
        $(mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn body($db: &mut $crate::kit::TestDb) $body

            async fn run(on: $crate::kit::On) {
                let Some(mut db) = $crate::kit::TestDb::open(on).await else { return };
                body(&mut db).await;
                db.remove().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                run($crate::kit::On::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn memory() {
                run($crate::kit::On::Memory).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                run($crate::kit::On::Postgres).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn bouncer() {
                run($crate::kit::On::Bouncer).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn mysql() {
                run($crate::kit::On::Mysql).await;
            }
        })*
    };
}
pub(crate) use on_every_database;

pub(crate) const NOON: Timestamp = Timestamp::from_millis(1_795_393_200_000);

pub(crate) fn instance(name: &str) -> Instance {
    Instance {
        id: InstanceId::random(),
        name: InstanceName::new(name).unwrap(),
        connection: ConnectionState::Close,
        owner_jid: None,
        profile_name: None,
        profile_pic_url: None,
        channel: ChannelKind::Evolution,
        number: Some("5511900000000".to_owned()),
        business_id: None,
        token: "a-token".to_owned(),
        client_name: "pombo".to_owned(),
        disconnection_reason_code: None,
        disconnection_object: None,
        disconnection_at: None,
        created_at: NOON,
        updated_at: NOON,
    }
}

/// Stores a new instance of that name.
pub(crate) async fn stored_instance(db: &Db, name: &str) -> Instance {
    let instance = instance(name);
    let stored = instance.clone();
    db.write(move |tx| {
        let instance = stored.clone();
        Box::pin(async move { pombo_store::instance::insert(tx, &instance).await })
    })
    .await
    .unwrap();
    instance
}

pub(crate) fn message(
    instance: &InstanceId,
    remote_jid: &str,
    key_id: &str,
    seconds: i64,
) -> Message {
    Message {
        id: RowId::new(Timestamp::from_millis(seconds * 1000)),
        instance_id: instance.clone(),
        key: MessageKey::new(key_id, remote_jid, false),
        push_name: Some("Maria".to_owned()),
        message_type: "conversation".to_owned(),
        message: serde_json::json!({"conversation": "bom dia \u{1f426}", "z": 1, "a": {"b": [1, 2.5, null]}}),
        context_info: None,
        source: DeviceSource::Android,
        timestamp: seconds,
        status: None,
        participant: None,
        webhook_url: None,
    }
}

pub(crate) fn event(instance: &Instance, data: &str) -> NewEvent {
    NewEvent {
        id: EventId::new(NOON),
        instance: instance.reference(),
        kind: EventKind::MessagesUpsert,
        at: NOON,
        sender: Some("5511900000000@s.whatsapp.net".to_owned()),
        data: serde_json::value::RawValue::from_string(data.to_owned()).unwrap(),
    }
}

/// Runs one write whose body may use `tx`, with clones of the named values.
macro_rules! commit {
    ($db:expr, [$($name:ident),*], |$tx:ident| $body:expr) => {{
        $(let $name = $name.clone();)*
        $db.write(move |$tx| {
            $(let $name = $name.clone();)*
            Box::pin(async move { $body })
        })
        .await
    }};
}
pub(crate) use commit;

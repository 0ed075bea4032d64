//! Opening: again, by several at once, a newer schema, a wrong address.

use std::time::{Duration, Instant};

use pombo_store::{Backend, Db, DbConfig, OpenError, Synchronous, instance};
use secrecy::SecretString;

use crate::kit::{On, TestDb, on_every_database, open, stored_instance};

on_every_database! {
    async fn what_was_written_is_there_after_opening_again(test: &mut TestDb) {
        test.db.ping().await.unwrap();
        stored_instance(&test.db, "alice").await;
        test.reopen().await;
        test.reopen().await;
        assert_eq!(instance::all(&test.db, "pombo").await.unwrap().len(), 1);
    }
}

async fn newer(on: On) {
    let Some(test) = TestDb::open(on).await else {
        return;
    };
    test.sql("INSERT INTO migration (number, name) VALUES (9999, 'from the future')")
        .await;
    let config = DbConfig {
        backend: test.backend.clone(),
        wait: Duration::from_secs(60),
        max_connections: 2,
    };
    let start = Instant::now();
    let error = Db::open(config).await.unwrap_err();
    assert!(
        matches!(error, OpenError::TooNew { found: 9999, .. }),
        "{error}"
    );
    assert!(error.to_string().contains("newer version"), "{error}");
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "no use in waiting"
    );
    test.remove().await;
}

#[tokio::test]
async fn a_newer_schema_is_refused_by_sqlite() {
    newer(On::Sqlite).await;
}

#[tokio::test]
async fn a_newer_schema_is_refused_by_postgres() {
    newer(On::Postgres).await;
}

#[tokio::test]
async fn a_newer_schema_is_refused_by_mysql() {
    newer(On::Mysql).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_servers_may_start_at_once() {
    for on in [On::Postgres, On::Mysql] {
        let Some(test) = TestDb::open_empty(on).await else {
            continue;
        };
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..5 {
            let backend = test.backend.clone();
            tasks.spawn(async move { open(&backend).await });
        }
        for db in tasks.join_all().await {
            db.ping().await.unwrap();
            db.close().await;
        }
        test.remove().await;
    }
}

#[tokio::test]
async fn an_unreachable_server_is_named_without_its_password() {
    for url in [
        "postgres://user:hunter2@127.0.0.1:1/db",
        "mysql://user:hunter2@127.0.0.1:1/db",
    ] {
        let url = SecretString::from(url);
        let backend = if secrecy::ExposeSecret::expose_secret(&url).starts_with('m') {
            Backend::Mysql { url }
        } else {
            Backend::Postgres {
                url,
                bouncer: false,
            }
        };
        let start = Instant::now();
        let config = DbConfig {
            backend,
            wait: Duration::from_millis(700),
            max_connections: 2,
        };
        let error = Db::open(config).await.unwrap_err().to_string();
        assert!(
            error.contains("user:****@127.0.0.1:1/db") && !error.contains("hunter2"),
            "{error}"
        );
        assert!(
            start.elapsed() >= Duration::from_millis(300),
            "it tried again"
        );
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_made_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "not a folder").unwrap();
    for path in [
        folder.path().join("file/pombo.db"),
        folder.path().to_owned(),
    ] {
        let backend = Backend::Sqlite {
            path,
            synchronous: Synchronous::Full,
        };
        let start = Instant::now();
        let config = DbConfig {
            backend,
            wait: Duration::from_secs(60),
            max_connections: 2,
        };
        let error = Db::open(config).await.unwrap_err().to_string();
        assert!(error.contains("cannot open SQLite"), "{error}");
        assert!(start.elapsed() < Duration::from_secs(5));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/folder/pombo.db");
    let db = open(&Backend::Sqlite {
        path: path.clone(),
        synchronous: Synchronous::Full,
    })
    .await;
    stored_instance(&db, "alice").await;
    for entry in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", entry.path().display());
    }
    db.close().await;
    assert_eq!(
        std::fs::read_dir(path.parent().unwrap()).unwrap().count(),
        1,
        "closing leaves one file"
    );
}

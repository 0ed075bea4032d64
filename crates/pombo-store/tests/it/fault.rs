//! Faults: the disk is full, the file is read-only or locked, the connection is lost. Nothing is half-written, what was
//! answered is there, and the store recovers when the fault goes.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use pombo_domain::instance::Instance;
use pombo_store::{Backend, Db, StoreError, Synchronous, TroubleKind, event, message};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::kit::{
    On, TestDb, commit, event as new_event, message as new_message, open, stored_instance,
};

/// A message and its event, both with this number.
async fn both(db: &Db, owner: &Instance, number: i64, size: usize) -> Result<bool, StoreError> {
    let owner = owner.clone();
    commit!(db, [owner], |tx| {
        let mut given = new_message(&owner.id, "1@g.us", &number.to_string(), number);
        given.message = serde_json::json!({ "text": "x".repeat(size) });
        let new = message::insert(tx, &given).await?;
        tx.append_event(new_event(&owner, &number.to_string()));
        Ok(new)
    })
}

/// How often each number is in the log; every one of them has its message.
async fn logged(db: &Db, owner: &Instance) -> HashMap<i64, usize> {
    let mut found = HashMap::new();
    let mut after = 0;
    loop {
        let events = event::after(db, Some(&owner.id), after, 1000)
            .await
            .unwrap();
        let Some(last) = events.last() else { break };
        after = last.seq.unwrap();
        for event in &events {
            let number: i64 = event.event.data.get().parse().unwrap();
            *found.entry(number).or_default() += 1;
            let stored = message::by_key_id(db, &owner.id, &number.to_string())
                .await
                .unwrap();
            assert!(stored.is_some(), "event {number} without its message");
        }
    }
    found
}

fn trouble(outcome: &Result<bool, StoreError>) -> Option<TroubleKind> {
    match outcome {
        Err(StoreError::Unavailable(trouble)) => Some(trouble.kind),
        _ => None,
    }
}

/// Runs a command; whether it worked.
fn done(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .output()
        .is_ok_and(|output| output.status.success())
}

/// A fault that this machine does not let us make.
fn skipped(why: &str) {
    eprintln!("SKIPPED: {why}");
}

/// A small disk, unmounted when dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display().to_string();
        done("mount", &["-t", "tmpfs", "-o", "size=4m", "tmpfs", &path]).then(|| Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        done("umount", &["-l", &self.0.path().display().to_string()]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_loses_nothing_and_passes() {
    let Some(disk) = SmallDisk::mount() else {
        return skipped("no small disk can be mounted here");
    };
    std::fs::write(disk.path().join("filler"), vec![1; 1 << 20]).unwrap();
    let backend = Backend::Sqlite {
        path: disk.path().join("pombo.db"),
        synchronous: Synchronous::Full,
    };
    let db = open(&backend).await;
    let owner = stored_instance(&db, "alice").await;
    let mut stored = Vec::new();
    let mut refused = Vec::new();
    for round in 0..200 {
        let mut tasks = tokio::task::JoinSet::new();
        for place in 0..8 {
            let (db, owner, number) = (db.clone(), owner.clone(), round * 8 + place);
            tasks.spawn(async move { (number, both(&db, &owner, number, 4000).await) });
        }
        for (number, outcome) in tasks.join_all().await {
            match &outcome {
                Ok(new) => {
                    assert!(new);
                    stored.push(number);
                }
                Err(_) => {
                    assert!(trouble(&outcome).is_some(), "{outcome:?}");
                    refused.push(number);
                }
            }
        }
        if refused.len() > 40 {
            break;
        }
    }
    assert!(
        stored.len() > 20 && !refused.is_empty(),
        "{} stored, {} refused",
        stored.len(),
        refused.len()
    );
    db.ping().await.unwrap();
    let check = async |db: &Db, stored: &[i64]| {
        let found = logged(db, &owner).await;
        assert_eq!(found.len(), stored.len());
        assert!(stored.iter().all(|number| found.get(number) == Some(&1)));
    };
    check(&db, &stored).await;
    std::fs::remove_file(disk.path().join("filler")).unwrap();
    for number in refused.into_iter().take(20) {
        assert!(
            both(&db, &owner, number, 4000).await.unwrap(),
            "{number} had left nothing behind"
        );
        stored.push(number);
    }
    check(&db, &stored).await;
    db.close().await;
    let db = open(&backend).await;
    check(&db, &stored).await;
    db.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_and_then_read_only_file_is_unavailable_for_as_long_as_it_is() {
    let Some(test) = TestDb::open(On::Sqlite).await else {
        return;
    };
    let db = &test.db;
    let owner = stored_instance(db, "alice").await;
    both(db, &owner, 1, 10).await.unwrap();
    let path = test.path().display().to_string();
    let mut other =
        <sqlx::SqliteConnection as sqlx::Connection>::connect(&format!("sqlite://{path}"))
            .await
            .unwrap();
    let run = async |other: &mut sqlx::SqliteConnection, sql: &'static str| {
        sqlx::raw_sql(sql).execute(other).await.unwrap();
    };
    run(&mut other, "BEGIN IMMEDIATE").await;
    assert_eq!(
        trouble(&both(db, &owner, 2, 10).await),
        Some(TroubleKind::Busy)
    );
    assert_eq!(logged(db, &owner).await.len(), 1, "reading goes on");
    let read_only = done("chattr", &["+i", &path]);
    run(&mut other, "ROLLBACK").await;
    if read_only {
        let outcome = both(db, &owner, 3, 10).await;
        done("chattr", &["-i", &path]);
        assert_eq!(
            trouble(&outcome),
            Some(TroubleKind::ReadOnly),
            "{outcome:?}"
        );
    } else {
        skipped("no file can be made read-only for root here");
    }
    for number in [2, 3] {
        assert!(both(db, &owner, number, 10).await.unwrap());
    }
    assert_eq!(
        logged(db, &owner).await,
        HashMap::from([(1, 1), (2, 1), (3, 1)])
    );
    test.remove().await;
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pombo.db");
    std::fs::write(&path, "This is no database. ".repeat(1000)).unwrap();
    let backend = Backend::Sqlite {
        path,
        synchronous: Synchronous::Full,
    };
    let config = pombo_store::DbConfig {
        backend,
        wait: Duration::from_secs(60),
        max_connections: 2,
    };
    let opening = tokio::time::timeout(Duration::from_secs(5), Db::open(config));
    let error = opening.await.unwrap().unwrap_err().to_string();
    assert!(error.contains("not a database"), "{error}");
}

/// Writes while connections are cut: an answer is a promise, and an error too unless it says `Unknown`.
async fn cut(on: On) {
    let Some(test) = TestDb::open(on).await else {
        return;
    };
    let owner = stored_instance(&test.db, "alice").await;
    let mut tasks = tokio::task::JoinSet::new();
    for lane in 0..8 {
        let (db, owner) = (test.db.clone(), owner.clone());
        tasks.spawn(async move {
            let mut outcomes = Vec::new();
            for step in 0..100 {
                let number = lane * 1000 + step;
                outcomes.push((number, both(&db, &owner, number, 100).await));
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            outcomes
        });
    }
    while !tasks.is_empty() {
        let wait = tokio::time::timeout(Duration::from_millis(100), tasks.join_next());
        match wait.await {
            Err(_) => test.cut_connections().await,
            Ok(Some(outcomes)) => {
                let found = logged(&test.db, &owner).await;
                for (number, outcome) in outcomes.unwrap() {
                    let times = found.get(&number).copied().unwrap_or(0);
                    match trouble(&outcome) {
                        None => assert_eq!((outcome.unwrap(), times), (true, 1), "{number}"),
                        Some(TroubleKind::Unknown) => assert!(times <= 1, "{number}"),
                        Some(_) => assert_eq!(times, 0, "{number}"),
                    }
                }
            }
            Ok(None) => break,
        }
    }
    // Readers and writer find their way back at once.
    for number in [100_000, 100_001, 100_002] {
        test.cut_connections().await;
        assert_eq!(
            event::bounds(&test.db)
                .await
                .unwrap()
                .map(|(first, _)| first),
            Some(1)
        );
        test.cut_connections().await;
        assert!(both(&test.db, &owner, number, 100).await.unwrap());
    }
    test.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_connections_may_be_cut() {
    cut(On::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mysql_connections_may_be_cut() {
    cut(On::Mysql).await;
}

const OPEN: u8 = 0;
const CUT_AT_COMMIT: u8 = 1;
const SHUT: u8 = 2;

/// A detour to a server that can be told to misbehave.
struct Detour {
    address: SocketAddr,
    mode: Arc<AtomicU8>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Detour {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Detour {
    async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mode = Arc::new(AtomicU8::new(OPEN));
        let shared = Arc::clone(&mode);
        let task = tokio::spawn(async move {
            let mut ways = tokio::task::JoinSet::new();
            loop {
                let (client, _) = listener.accept().await.unwrap();
                if shared.load(Ordering::SeqCst) == OPEN {
                    let server = TcpStream::connect(&server).await.unwrap();
                    ways.spawn(way(client, server, Arc::clone(&shared)));
                }
            }
        });
        Self {
            address,
            mode,
            task,
        }
    }

    fn set(&self, mode: u8) {
        self.mode.store(mode, Ordering::SeqCst);
    }
}

async fn way(mut client: TcpStream, mut server: TcpStream, mode: Arc<AtomicU8>) {
    let (mut up, mut down) = (vec![0; 65536], vec![0; 65536]);
    // The writer also commits on its own account, when it clears up: only the commit of a message is meant.
    let mut message = false;
    loop {
        tokio::select! {
            read = client.read(&mut up) => {
                let Ok(size @ 1..) = read else { return };
                if server.write_all(&up[..size]).await.is_err() {
                    return;
                }
                message |= up[..size].windows(12).any(|window| window == b"INTO message");
                let commit = message && up[..size].windows(6).any(|window| window == b"COMMIT");
                if commit && mode.swap(OPEN, Ordering::SeqCst) == CUT_AT_COMMIT {
                    // The server commits; its answer never arrives.
                    drop(server.read(&mut down).await);
                    return;
                }
            }
            read = server.read(&mut down) => {
                let Ok(size @ 1..) = read else { return };
                if mode.load(Ordering::SeqCst) == SHUT || client.write_all(&down[..size]).await.is_err() {
                    return;
                }
            }
        }
    }
}

async fn detour(on: On) {
    let Some(test) = TestDb::open(on).await else {
        return;
    };
    let detour = Detour::to(test.server()).await;
    let db = open(&test.by_way_of(&detour.address.to_string())).await;
    let owner = stored_instance(&db, "alice").await;

    detour.set(CUT_AT_COMMIT);
    let outcome = both(&db, &owner, 1, 100).await;
    assert_eq!(trouble(&outcome), Some(TroubleKind::Unknown), "{outcome:?}");
    assert!(
        !both(&db, &owner, 1, 100).await.unwrap(),
        "it had been committed; trying again does no harm"
    );

    detour.set(SHUT);
    let outcome = both(&db, &owner, 2, 100).await;
    assert_eq!(trouble(&outcome), Some(TroubleKind::Lost), "{outcome:?}");
    assert!(db.ping().await.is_err());
    detour.set(OPEN);
    assert!(both(&db, &owner, 2, 100).await.unwrap());
    db.ping().await.unwrap();
    db.close().await;
    test.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_commit_is_no_success_on_postgres() {
    detour(On::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_commit_is_no_success_on_mysql() {
    detour(On::Mysql).await;
}

//! A database that fails under the running server: requests get 503, nothing is half-written, and all is well again when
//! the fault goes.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pombo_tests::server::KEY;
use pombo_tests::{Client, Server, parts, until};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};

use crate::crash_databases::TestDatabase;
use crate::crash_follow::{Follower, Over};

const NUMBER: &str = "5511900000003";

#[tokio::test]
async fn a_full_disk_is_told_and_survived() {
    let Some(disk) = SmallDisk::mount(24) else {
        return parts::skip(
            "a_full_disk_is_told_and_survived",
            "the right to mount a small tmpfs",
        );
    };
    let server = Server::start(&[("POMBO_DATA_DIR", disk.path())]).await;
    let filler = disk.folder.path().join("filler");
    let fail = || fill(&filler);
    let heal = || std::fs::remove_file(&filler).expect("the filler can be removed");
    survives(&server, fail, heal).await;
}

#[tokio::test]
async fn a_database_that_cannot_be_written_is_told_and_survived() {
    let server = Server::start(&[]).await;
    let files = Immutable::of(&server.data());
    if !files.set(true) {
        return parts::skip(
            "a_database_that_cannot_be_written_is_told_and_survived",
            "the right to make files immutable",
        );
    }
    files.set(false);
    survives(
        &server,
        || assert!(files.set(true)),
        || assert!(files.set(false)),
    )
    .await;
}

#[tokio::test]
async fn a_lost_database_server_is_told_and_survived() {
    for database in TestDatabase::all("a_lost_database_server_is_told_and_survived") {
        let gate = Gate::before(database.address()).await;
        let uri = database.uri_at(gate.address);
        let server = Server::start(&[
            ("DATABASE_PROVIDER", database.provider()),
            ("DATABASE_CONNECTION_URI", &uri),
        ])
        .await;
        survives(&server, || gate.shut(), || gate.open()).await;
    }
}

#[tokio::test]
async fn a_database_that_comes_late_is_waited_for() {
    for database in TestDatabase::all("a_database_that_comes_late_is_waited_for") {
        let gate = Gate::before(database.address()).await;
        gate.shut();
        let uri = database.uri_at(gate.address);
        let settings = [
            ("DATABASE_PROVIDER", database.provider()),
            ("DATABASE_CONNECTION_URI", uri.as_str()),
            ("POMBO_DATABASE_WAIT", "30s"),
        ];
        let later = async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            gate.open();
        };
        let (server, ()) = tokio::join!(Server::start(&settings), later);
        server.client().get("/health/ready").await.expect(200);
    }
}

/// Sound, broken, sound again; and in the end exactly what was acknowledged, once, in the store and in the log.
async fn survives(server: &Server, fail: impl Fn(), heal: impl Fn()) {
    let client = server.client();
    client
        .create(
            "acme",
            NUMBER,
            json!({"websocket": {"enabled": true, "events": []}}),
        )
        .await;
    let follower = Follower::start(Over::WebSocket, server.address, "acme", KEY);
    until("the follower to join", || async { follower.joined() }).await;
    let mut acknowledged = Vec::new();
    for count in 0..5 {
        let id = format!("before-{count}");
        client.incoming(NUMBER, &id, "sound").await.expect(200);
        acknowledged.push(id);
    }
    fail();
    // The first ones may still find room in what the database had set aside.
    let mut refused = Vec::new();
    for count in 0.. {
        let id = format!("during-{count}");
        let answer = client.incoming(NUMBER, &id, &"broken".repeat(200)).await;
        match answer.status {
            200 => acknowledged.push(id),
            status => {
                assert_eq!(status, 503, "{}", answer.text);
                assert_eq!(answer.json()["status"], 503, "{}", answer.text);
                refused.push(id);
            }
        }
        if refused.len() == 3 {
            break;
        }
        assert!(count < 20_000, "the fault was never noticed");
    }
    let answer = client
        .post(
            "/message/sendText/acme",
            &json!({"number": "5511988887777", "text": "broken"}),
        )
        .await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    let broken =
        json!({"instanceName": "broken", "integration": "EVOLUTION", "number": "5511900000004"});
    assert_eq!(client.post("/instance/create", &broken).await.status, 503);
    // What needs no database still works.
    client.get("/health/live").await.expect(200);
    client
        .get("/instance/connectionState/acme")
        .await
        .expect(200);

    heal();
    until("the server to recover", || async {
        recovered(&client).await
    })
    .await;
    acknowledged.push("after".to_owned());
    // The first of those that were refused is offered again, as a good client does.
    client
        .incoming(NUMBER, &refused[0], "again")
        .await
        .expect(200);
    acknowledged.push(refused[0].clone());

    // A reader may find a dead connection or two before it finds a live one.
    let found = until("reads to work again", || async {
        let page = json!({"offset": 50_000});
        let answer = client.post("/chat/findMessages/acme", &page).await;
        (answer.status == 200).then(|| answer.json())
    })
    .await;
    let records = found["messages"]["records"].as_array().expect("records");
    let mut stored: Vec<_> = records
        .iter()
        .filter_map(|record| record["key"]["id"].as_str().map(str::to_owned))
        .collect();
    stored.sort();
    acknowledged.sort();
    assert_eq!(stored, acknowledged);
    client
        .get("/instance/connectionState/broken")
        .await
        .expect(404);
    until("the follower to see everything", || async {
        (follower.notes().told().len() >= acknowledged.len()).then_some(())
    })
    .await;
    let notes = follower.notes();
    assert_eq!(notes.trouble, [""; 0]);
    let told: Vec<_> = notes.told().into_keys().collect();
    assert_eq!(told, acknowledged);
}

async fn recovered(client: &Client) -> Option<()> {
    (client.incoming(NUMBER, "after", "sound again").await.status == 200).then_some(())
}

/// Writes until nothing more fits.
fn fill(path: &Path) {
    use std::io::Write;
    let mut file = std::fs::File::create(path).expect("a file can be made");
    for size in [64 * 1024, 4096, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
}

/// A file system of its own that is soon full.
struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    fn mount(megabytes: usize) -> Option<Self> {
        let folder = tempfile::tempdir().ok()?;
        let size = format!("size={megabytes}m");
        quietly(
            Command::new("mount")
                .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
                .arg(folder.path()),
        )
        .then_some(Self { folder })
    }

    fn path(&self) -> &str {
        self.folder.path().to_str().expect("a path is text")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the server may hold it a moment longer.
        quietly(Command::new("umount").arg("-l").arg(self.folder.path()));
    }
}

/// Database files that nobody may write, not even who has them open. The index in shared memory stays as it is: no program
/// survives the loss of memory that it has mapped.
struct Immutable {
    folder: PathBuf,
}

impl Immutable {
    fn of(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    fn set(&self, immutable: bool) -> bool {
        let files = std::fs::read_dir(&self.folder)
            .expect("the folder can be read")
            .flatten();
        let files: Vec<_> = files
            .filter(|file| is_database(&file.file_name().to_string_lossy()))
            .map(|file| file.path())
            .collect();
        !files.is_empty()
            && quietly(
                Command::new("chattr")
                    .arg(if immutable { "+i" } else { "-i" })
                    .args(files),
            )
    }
}

impl Drop for Immutable {
    fn drop(&mut self) {
        self.set(false);
    }
}

fn is_database(name: &str) -> bool {
    name.ends_with(".db") || name.ends_with(".db-wal")
}

fn quietly(command: &mut Command) -> bool {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// A way to a database that can be shut, connections in use included.
struct Gate {
    address: SocketAddr,
    shut: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<()>,
}

impl Gate {
    async fn before(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let shut = Arc::new(AtomicBool::new(false));
        let gate = Arc::clone(&shut);
        let task = tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let gate = Arc::clone(&gate);
                // Ends with the connection, or when the gate is shut.
                tokio::spawn(async move {
                    if gate.load(Ordering::Relaxed) {
                        return;
                    }
                    let Ok(mut database) = TcpStream::connect(target).await else {
                        return;
                    };
                    let shut = async {
                        while !gate.load(Ordering::Relaxed) {
                            tokio::time::sleep(Duration::from_millis(10)).await;
                        }
                    };
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut client, &mut database) => {}
                        () = shut => {}
                    }
                });
            }
        });
        Self {
            address,
            shut,
            task,
        }
    }

    fn shut(&self) {
        self.shut.store(true, Ordering::Relaxed);
        // Longer than a connection takes to see it.
        std::thread::sleep(Duration::from_millis(50));
    }

    fn open(&self) {
        self.shut.store(false, Ordering::Relaxed);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

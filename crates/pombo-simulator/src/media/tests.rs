use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::store::token_of;
use super::*;
use crate::fault::{Fault, FaultPoint, FaultRule};
use crate::{Clock, Simulator};

struct World {
    address: SocketAddr,
    simulator: Simulator,
    store: Arc<MediaStore>,
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn path(&self) -> String {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        self.json()["direct_path"].as_str().unwrap().to_owned()
    }
}

impl World {
    async fn start(settings: MediaSettings) -> Self {
        let simulator = Simulator::builder().media(settings).start().await.unwrap();
        simulator.clock().freeze();
        Self {
            address: simulator.addr(),
            store: Arc::clone(&simulator.network().media),
            simulator,
        }
    }

    fn advance(&self, duration: Duration) {
        self.simulator.clock().advance(duration);
    }

    fn auth(&self) -> String {
        self.store.authorise().auth
    }

    async fn send(&self, head: &str, announced: usize, body: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let head = format!(
            "{head}\r\nHost: x\r\nConnection: close\r\nContent-Length: {announced}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body).await.unwrap();
        stream
    }

    async fn ask(&self, head: &str, body: &[u8]) -> Answer {
        let mut stream = self.send(head, body.len(), body).await;
        let mut bytes = Vec::new();
        // A connection that is cut off on purpose may end in an error; what came before counts.
        drop(stream.read_to_end(&mut bytes).await);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            return Answer {
                status: 0,
                head: String::new(),
                body: bytes,
            };
        };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        Answer {
            status: head[9..12].parse().unwrap(),
            head: head.to_lowercase(),
            body: bytes[end + 4..].to_vec(),
        }
    }

    fn upload_head(&self, kind: &str, hashed: &[u8], more: &str) -> String {
        let token = token_of(&Sha256::digest(hashed).into());
        format!(
            "POST /{kind}/{token}?auth={}&token={token}{more} HTTP/1.1",
            self.auth()
        )
    }

    async fn upload(&self, kind: &str, bytes: &[u8]) -> Answer {
        self.ask(&self.upload_head(kind, bytes, ""), bytes).await
    }

    async fn get(&self, path: &str, range: Option<&str>) -> Answer {
        let range = range.map_or_else(String::new, |range| format!("\r\nRange: {range}"));
        self.ask(&format!("GET {path} HTTP/1.1{range}"), b"").await
    }

    /// Waits until so many bytes of a broken upload have been put back.
    async fn arrived(&self, hashed: &[u8]) -> u64 {
        for _ in 0..500 {
            let answer = self
                .ask(&self.upload_head("mms/video", hashed, "&resume=1"), b"")
                .await;
            let arrived: u64 = answer.json()["resume"].as_str().unwrap().parse().unwrap();
            if arrived > 0 {
                return arrived;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("nothing arrived");
    }
}

fn bytes(count: usize) -> Vec<u8> {
    (0..count)
        .map(|number| u8::try_from(number % 251).unwrap())
        .collect()
}

#[tokio::test]
async fn what_is_uploaded_comes_back_from_memory_and_from_disk() {
    let world = World::start(MediaSettings::default()).await;
    for size in [0, 1, 1000, 256 * 1024, 256 * 1024 + 1, 3_000_000] {
        let sent = bytes(size);
        let path = world.upload("mms/image", &sent).await.path();
        let answer = world.get(&path, None).await;
        assert_eq!(answer.status, 200);
        assert!(
            answer.body == sent,
            "{size} bytes came back as {}",
            answer.body.len()
        );
    }
    let on_disk = world.store.folder().path().unwrap().to_owned();
    assert_eq!(std::fs::read_dir(&on_disk).unwrap().count(), 2);
    let kinds = [
        "mms/thumbnail-link",
        "mms/md-msg-hist",
        "mms/md-app-state",
        "newsletter/newsletter-image",
        "product/image",
    ];
    for kind in kinds {
        let path = world.upload(kind, b"other").await.path();
        assert_eq!(world.get(&path, None).await.body, b"other", "{kind}");
    }
}

#[tokio::test]
async fn the_folder_of_large_files_does_not_outlive_the_store() {
    let store = MediaStore::new(MediaSettings::default(), [0; 32], Clock::default());
    store.store(MediaKind::Video, bytes(300_000)).await.unwrap();
    let folder = store.folder().path().unwrap().to_owned();
    assert!(folder.exists());
    drop(store);
    assert!(!folder.exists());
}

#[tokio::test]
async fn only_those_who_were_let_in_upload_and_only_what_they_announced() {
    let world = World::start(MediaSettings {
        size_limit: 1000,
        ..MediaSettings::default()
    })
    .await;
    let token = token_of(&Sha256::digest(b"bytes").into());
    let auth = world.auth();
    let other = token_of(&Sha256::digest(b"other").into());
    let cases = [
        (format!("/mms/image/{token}?auth=no&token={token}"), 401),
        (format!("/mms/image/{token}?token={token}"), 401),
        (format!("/mms/image/{token}?auth={auth}&token={other}"), 400),
        (format!("/mms/image/{token}?auth={auth}"), 400),
        (format!("/mms/image/short?auth={auth}&token=short"), 400),
        (
            format!("/mms/weather/{token}?auth={auth}&token={token}"),
            404,
        ),
        (format!("/mms/image/{other}?auth={auth}&token={other}"), 400),
        (
            format!("/mms/image/{token}?auth={auth}&token={token}&file_offset=3"),
            400,
        ),
    ];
    for (target, status) in cases {
        let answer = world
            .ask(&format!("POST {target} HTTP/1.1"), b"bytes")
            .await;
        assert_eq!(answer.status, status, "{target}");
        assert!(answer.json()["error"]["message"].is_string(), "{target}");
    }
    let large = bytes(1001);
    assert_eq!(world.upload("mms/image", &large).await.status, 413);
    assert!(world.store.list().is_empty());

    let late = world.upload_head("mms/image", b"bytes", "");
    world.advance(Duration::from_secs(7 * 3600));
    assert_eq!(world.ask(&late, b"bytes").await.status, 401);
    assert_eq!(world.upload("mms/image", b"bytes").await.status, 200);
}

#[tokio::test]
async fn an_upload_that_breaks_off_goes_on_where_it_was() {
    for limit in [64, 1 << 20] {
        let world = World::start(MediaSettings {
            memory_limit: limit,
            ..MediaSettings::default()
        })
        .await;
        let sent = bytes(100_000);
        let head = world.upload_head("mms/video", &sent, "");
        drop(world.send(&head, sent.len(), &sent[..60_000]).await);
        let arrived = world.arrived(&sent).await;
        assert!(arrived <= 60_000, "{arrived}");

        // From before the end of what arrived, as a client may that remembers less.
        let offset = usize::try_from(arrived / 2).unwrap();
        let head = world.upload_head("mms/video", &sent, &format!("&file_offset={offset}"));
        let path = world.ask(&head, &sent[offset..]).await.path();
        assert!(world.get(&path, None).await.body == sent);

        let head = world.upload_head("mms/video", &sent, "&resume=1");
        let probe = world.ask(&head, b"").await.json();
        assert_eq!(probe["resume"], "complete");
        assert_eq!(probe["direct_path"], path.as_str());
    }
}

#[tokio::test]
async fn a_part_of_a_file() {
    let world = World::start(MediaSettings {
        memory_limit: 100,
        ..MediaSettings::default()
    })
    .await;
    for size in [100_usize, 200_000] {
        let sent = bytes(size);
        let path = world.upload("mms/video", &sent).await.path();
        let part = world.get(&path, Some("bytes=10-19")).await;
        assert_eq!((part.status, part.body.as_slice()), (206, &sent[10..20]));
        assert!(
            part.head
                .contains(&format!("content-range: bytes 10-19/{size}")),
            "{}",
            part.head
        );
        assert_eq!(
            world.get(&path, Some("bytes=-5")).await.body,
            &sent[size - 5..]
        );
        let beyond = world.get(&path, Some("bytes=999999-")).await;
        assert_eq!(beyond.status, 416);
        assert!(
            beyond
                .head
                .contains(&format!("content-range: bytes */{size}")),
            "{}",
            beyond.head
        );
    }
}

#[tokio::test]
async fn files_expire_are_deleted_and_come_again_under_another_path() {
    let world = World::start(MediaSettings {
        memory_limit: 4,
        ..MediaSettings::default()
    })
    .await;
    let sent = bytes(1000);
    let path = world.upload("mms/image", &sent).await.path();
    let token = token_of(&Sha256::digest(&sent).into());
    assert_eq!(
        world
            .get(&format!("{path}?token={token}"), None)
            .await
            .status,
        200
    );
    assert_eq!(
        world.get(&format!("{path}?token=other"), None).await.status,
        403
    );
    assert_eq!(world.get("/v/t62.7118-24/never", None).await.status, 404);

    world.advance(Duration::from_secs(31 * 86_400));
    assert_eq!(world.get(&path, None).await.status, 410);
    let again = world
        .store
        .store(MediaKind::Image, sent.clone())
        .await
        .unwrap();
    assert_ne!(again.direct_path, path);
    assert!(world.get(&again.direct_path, None).await.body == sent);
    assert_eq!(world.get(&path, None).await.status, 410);

    assert!(world.store.remove(&again.direct_path, 404));
    assert_eq!(world.get(&again.direct_path, None).await.status, 404);
    assert!(!world.store.remove("/v/none", 404));
    let folder = world.store.folder().path().unwrap();
    assert_eq!(
        std::fs::read_dir(folder).unwrap().count(),
        0,
        "files of what is gone are gone"
    );
}

#[tokio::test]
async fn faults_of_media() {
    let world = World::start(MediaSettings::default()).await;
    let sent = bytes(10_000);
    let strike = |at, fault| {
        world
            .simulator
            .faults()
            .add(FaultRule::new(at, fault).times(1))
            .unwrap()
    };
    strike(FaultPoint::Upload, Fault::Status { status: 503 });
    assert_eq!(world.upload("mms/video", &sent).await.status, 503);

    strike(FaultPoint::Upload, Fault::CutBody { after: 4000 });
    assert_eq!(world.upload("mms/video", &sent).await.status, 0);
    assert_eq!(world.arrived(&sent).await, 4000);
    let path = world.upload("mms/video", &sent).await.path();

    strike(FaultPoint::Download, Fault::CutBody { after: 3000 });
    let cut = world.get(&path, None).await;
    assert!(cut.head.contains("content-length: 10000"), "{}", cut.head);
    assert_eq!(cut.body.len(), 3000);
    strike(
        FaultPoint::Download,
        Fault::Slow {
            bytes_per_second: 50_000,
        },
    );
    let started = std::time::Instant::now();
    assert!(world.get(&path, None).await.body == sent);
    assert!(started.elapsed() >= Duration::from_millis(190));
    strike(FaultPoint::Download, Fault::Status { status: 404 });
    assert_eq!(world.get(&path, None).await.status, 404);
    assert_eq!(world.get(&path, None).await.status, 200);
    assert_eq!(world.simulator.faults().strikes().len(), 5);
}

#[tokio::test]
async fn a_new_store_knows_the_files_of_an_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let settings = || MediaSettings {
        memory_limit: 10,
        folder: Some(folder.path().join("media")),
        ..MediaSettings::default()
    };
    let old = MediaStore::new(settings(), [1; 32], Clock::default());
    let small = old.store(MediaKind::Image, &b"small"[..]).await.unwrap();
    let large = old.store(MediaKind::Video, bytes(1000)).await.unwrap();
    let gone = old.store(MediaKind::Video, bytes(999)).await.unwrap();
    old.remove(&gone.direct_path, 410);
    let json = serde_json::to_string(&old.snapshot()).unwrap();
    drop(old);

    let new = MediaStore::new(settings(), [1; 32], Clock::default());
    new.restore(serde_json::from_str(&json).unwrap()).unwrap();
    assert_eq!(new.read(&small.direct_path).await.unwrap(), &b"small"[..]);
    assert_eq!(new.read(&large.direct_path).await.unwrap(), bytes(1000));
    assert!(matches!(
        new.read(&gone.direct_path).await,
        Err(MediaError::Expired(_))
    ));
    let next = new.store(MediaKind::Image, &b"small"[..]).await.unwrap();
    assert_ne!(next.direct_path, small.direct_path);
}

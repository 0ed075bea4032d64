//! A web server, and files made on the spot.

use std::collections::HashMap;
use std::io::Cursor;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};
use pombo_domain::media::MediaFile;
use pombo_domain::message::MediaSource;
use pombo_media::{MediaConfig, Preparer};
use pombo_net::{OutboundClient, OutboundConfig, OutboundPolicy};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What a path is answered with: the head's first line and headers, and the body.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    head: String,
    body: Vec<u8>,
    /// The connection stays open and silent after this.
    stalls: bool,
}

impl Page {
    pub(crate) fn new(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let mut head = format!(
            "HTTP/1.1 {status} Some\r\ncontent-length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        Self {
            head,
            body,
            stalls: false,
        }
    }

    pub(crate) fn of_type(mimetype: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, &[("content-type", mimetype)], body)
    }

    pub(crate) fn html(body: &str) -> Self {
        Self::of_type("text/html; charset=utf-8", body)
    }

    /// Does not even begin.
    pub(crate) fn silent() -> Self {
        Self {
            head: String::new(),
            body: Vec::new(),
            stalls: true,
        }
    }

    /// Announces more than it sends, and then says nothing any more.
    pub(crate) fn stalling(body: &str) -> Self {
        Self {
            head: "HTTP/1.1 200 Some\r\ncontent-type: text/html\r\ncontent-length: 9999999\r\n\r\n"
                .to_owned(),
            body: body.as_bytes().to_vec(),
            stalls: true,
        }
    }
}

/// Answers known paths with pages and others with 404, and remembers what it was asked.
pub(crate) struct Server {
    base: String,
    asked: Arc<Mutex<Vec<String>>>,
    accepting: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(pages: &[(&str, Page)]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let pages: HashMap<String, Page> = pages
            .iter()
            .map(|(path, page)| ((*path).to_owned(), page.clone()))
            .collect();
        let pages = Arc::new(pages);
        let asked = Arc::new(Mutex::new(Vec::new()));
        let accepting = tokio::spawn({
            let asked = Arc::clone(&asked);
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(answer(stream, Arc::clone(&pages), Arc::clone(&asked)));
                }
            }
        });
        Self {
            base,
            asked,
            accepting,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub(crate) fn source(&self, path: &str) -> MediaSource {
        MediaSource::Url(self.url(path))
    }

    /// The targets of all requests so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn answer(
    stream: TcpStream,
    pages: Arc<HashMap<String, Page>>,
    asked: Arc<Mutex<Vec<String>>>,
) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut first = String::new();
        if !matches!(stream.read_line(&mut first).await, Ok(1..)) {
            return;
        }
        let mut line = String::new();
        while matches!(stream.read_line(&mut line).await, Ok(3..)) {
            line.clear();
        }
        let target = first.split(' ').nth(1).unwrap_or_default().to_owned();
        let missing = Page::new(404, &[], "not here");
        let page = pages.get(&target).unwrap_or(&missing);
        asked.lock().unwrap().push(target);
        let sent = async {
            stream.write_all(page.head.as_bytes()).await?;
            stream.write_all(&page.body).await?;
            stream.flush().await
        };
        if sent.await.is_err() {
            return;
        }
        if page.stalls {
            std::future::pending::<()>().await;
        }
    }
}

pub(crate) fn client(policy: OutboundPolicy) -> OutboundClient {
    OutboundClient::new(OutboundConfig {
        policy,
        ..OutboundConfig::default()
    })
    .unwrap()
}

/// Without ffmpeg, however the machine is.
pub(crate) fn bare(config: MediaConfig) -> Preparer {
    Preparer::new(config, client(OutboundPolicy::Open), None)
}

/// With the machine's ffmpeg. `None` is a skipped test, unless everything is required.
pub(crate) async fn full() -> Option<Preparer> {
    let preparer = Preparer::looking_for(
        "ffmpeg".into(),
        Duration::from_secs(120),
        MediaConfig::default(),
        client(OutboundPolicy::Open),
    );
    if preparer.ffmpeg().await.is_some() {
        return Some(preparer);
    }
    assert!(
        std::env::var("POMBO_REQUIRE_ALL").as_deref() != Ok("1"),
        "ffmpeg is required and not installed"
    );
    #[expect(clippy::print_stderr, reason = "a skipped test is to be seen")]
    {
        eprintln!("SKIPPED: ffmpeg is not installed");
    }
    None
}

/// Base64 text as the API hands it over.
pub(crate) fn base64(bytes: impl AsRef<[u8]>) -> MediaSource {
    MediaSource::Base64(Arc::new(BASE64_STANDARD.encode(bytes)))
}

pub(crate) fn upload(bytes: impl Into<Bytes>) -> MediaSource {
    MediaSource::Upload {
        file: MediaFile::in_memory(bytes),
        mimetype: None,
        file_name: None,
    }
}

/// One colour everywhere.
pub(crate) fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let image = RgbaImage::from_pixel(width, height, Rgba([10, 200, 30, 255]));
    let image = DynamicImage::ImageRgba8(image);
    let image = match format {
        ImageFormat::Jpeg => image.into_rgb8().into(),
        _ => image,
    };
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// What ffmpeg makes of a test picture and a tone of two seconds.
pub(crate) fn made_by_ffmpeg(arguments: &[&str], extension: &str) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(format!("sample.{extension}"));
    let done = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin"])
        .args([
            "-f",
            "lavfi",
            "-i",
            "testsrc=size=320x180:rate=10:duration=2",
        ])
        .args(["-f", "lavfi", "-i", "sine=frequency=440:duration=2"])
        .args(arguments)
        .arg(&path)
        .status()
        .unwrap();
    assert!(done.success());
    std::fs::read(path).unwrap()
}

//! A large file is never in memory whole. A program of its own, since it measures itself.

#![expect(clippy::unwrap_used, reason = "the helpers are tests too")]

use std::io::Read;
use std::net::TcpListener;
use std::thread;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use pombo_domain::media::MediaContent;
use pombo_domain::message::{Media, MediaKind, MediaSource};
use pombo_media::{MediaConfig, MediaReader, Preparer};
use pombo_net::{OutboundClient, OutboundConfig};

const MEGABYTE: usize = 1024 * 1024;
const SIZE: usize = 100 * MEGABYTE;
const ALLOWED_GROWTH: usize = 20 * MEGABYTE;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_megabytes_pass_by() {
    if peak().is_none() {
        // Only Linux says how much memory a program has used.
        return;
    }
    let preparer = Preparer::new(
        MediaConfig::default(),
        OutboundClient::new(OutboundConfig::default()).unwrap(),
        None,
    );
    // Once on a small scale, so that threads and connections are there.
    let address = serve(1);
    send(
        &preparer,
        MediaSource::Url(format!("http://{address}/small.pdf")),
        MEGABYTE,
    )
    .await;

    let address = serve(SIZE / MEGABYTE);
    let before = reset_peak();
    send(
        &preparer,
        MediaSource::Url(format!("http://{address}/large.pdf")),
        SIZE,
    )
    .await;
    let grown = peak().unwrap().saturating_sub(before);
    assert!(grown < ALLOWED_GROWTH, "by URL: {} MB", grown / MEGABYTE);

    // The text is in the request whole, and is not counted.
    let text = BASE64_STANDARD.encode(vec![b'%'; SIZE]);
    let before = reset_peak();
    send(&preparer, MediaSource::Base64(text), SIZE).await;
    let grown = peak().unwrap().saturating_sub(before);
    assert!(grown < ALLOWED_GROWTH, "by base64: {} MB", grown / MEGABYTE);
}

/// Prepares a document, and reads it as an upload would.
async fn send(preparer: &Preparer, source: MediaSource, size: usize) {
    let media = Media {
        kind: MediaKind::Document,
        source,
        mimetype: None,
        caption: None,
        file_name: Some("large.pdf".to_owned()),
    };
    let prepared = preparer.media(media).await.unwrap();
    assert_eq!(prepared.file.len(), size as u64);
    if size > MEGABYTE {
        assert!(matches!(prepared.file.content(), MediaContent::Disk(_)));
    }
    for _ in 0..2 {
        let mut reader = MediaReader::open(&prepared.file).unwrap();
        let mut buffer = vec![0; 64 * 1024];
        let mut read = 0;
        while let length @ 1.. = reader.read(&mut buffer).unwrap() {
            read += length;
        }
        assert_eq!(read, size);
    }
}

/// Serves one answer of so many megabytes, a piece at a time, and gives the address.
fn serve(megabytes: usize) -> std::net::SocketAddr {
    use std::io::Write;
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = [0; 4096];
        assert!(stream.read(&mut head).unwrap() > 0);
        let length = megabytes * MEGABYTE;
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
        stream.write_all(answer.as_bytes()).unwrap();
        let piece = vec![b'%'; 64 * 1024];
        for _ in 0..megabytes * 16 {
            stream.write_all(&piece).unwrap();
        }
    });
    address
}

/// The most memory that this program has had, in bytes, since it was last reset.
fn peak() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: usize = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// From now on the peak is that of what follows; yields what is used now.
fn reset_peak() -> usize {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    peak().unwrap()
}

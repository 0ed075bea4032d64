//! A large file is never in memory whole. A program of its own, since it measures itself.

#![expect(clippy::unwrap_used, reason = "the helpers are tests too")]

use std::io::Read;
use std::net::TcpListener;
use std::sync::Arc;
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
    let address = serve(b"", 1);
    send(
        &preparer,
        MediaSource::Url(format!("http://{address}/small.pdf")),
        MEGABYTE,
    )
    .await;

    let address = serve(b"", SIZE / MEGABYTE);
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
    send(&preparer, MediaSource::Base64(Arc::new(text)), SIZE).await;
    let grown = peak().unwrap().saturating_sub(before);
    assert!(grown < ALLOWED_GROWTH, "by base64: {} MB", grown / MEGABYTE);

    // Nine minutes of something that is not quite silence become a voice note.
    let address = serve(WAV_HEAD, 25);
    let before = reset_peak();
    let source = MediaSource::Url(format!("http://{address}/large.wav"));
    let source = preparer.load(source).await.unwrap();
    let note = preparer.voice_note(source).await.unwrap();
    assert_eq!(note.seconds, Some(546));
    let grown = peak().unwrap().saturating_sub(before);
    assert!(
        grown < ALLOWED_GROWTH / 2,
        "as a voice note: {} MB",
        grown / MEGABYTE
    );
}

/// Twenty-five megabytes of 16 bits at 24 kHz follow.
const WAV_HEAD: &[u8] = b"RIFF\x24\0\x90\x01WAVEfmt \x10\0\0\0\x01\0\x01\0\xc0\x5d\0\0\x80\xbb\0\0\x02\0\x10\0data\0\0\x90\x01";

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

/// Serves one answer of `head` and so many megabytes, a piece at a time, and gives the address.
fn serve(head: &'static [u8], megabytes: usize) -> std::net::SocketAddr {
    use std::io::Write;
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        assert!(stream.read(&mut request).unwrap() > 0);
        let length = head.len() + megabytes * MEGABYTE;
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
        stream.write_all(answer.as_bytes()).unwrap();
        stream.write_all(head).unwrap();
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

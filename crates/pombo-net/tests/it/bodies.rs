//! Answers that are too long, too slow, or compressed.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use pombo_net::OutboundPolicy::Private;
use pombo_net::{Bytes, HeaderMap, OutboundClient, OutboundConfig, OutboundError};

use crate::local_server::{Answer, LocalServer, client, config};

/// 10,000 zero bytes, compressed with gzip to 45.
const ZEROS_IN_GZIP: &[u8] = include_bytes!("zeros.gz");

const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(200);

fn keeping(max_response_bytes: usize) -> OutboundClient {
    OutboundClient::new(OutboundConfig {
        max_response_bytes,
        ..config(Private)
    })
    .unwrap()
}

#[tokio::test]
async fn a_long_answer_is_cut_and_says_so() {
    let server = LocalServer::start(|_| Answer::ok("0123456789")).await;

    let cut = keeping(4)
        .get(&server.url("/"), HeaderMap::new(), None)
        .await
        .unwrap();
    assert_eq!(
        (cut.status.as_u16(), cut.body.as_ref(), cut.is_cut()),
        (200, b"0123".as_ref(), true)
    );
    assert_eq!(
        cut.complete_body().unwrap_err().to_string(),
        "the answer is larger than 4 bytes"
    );
    assert_eq!(cut.snippet(2), "01…");

    let exact = keeping(10)
        .get(&server.url("/"), HeaderMap::new(), None)
        .await
        .unwrap();
    assert_eq!(exact.complete_body().unwrap(), "0123456789");
}

#[tokio::test]
async fn an_endless_answer_is_left_early() {
    let forever = "HTTP/1.1 200 OK\r\n\r\n".to_owned() + &"x".repeat(100_000);
    let server = LocalServer::start(move |_| Answer::raw(forever.clone()).then_pause(LONG)).await;
    let response = keeping(1000)
        .get(&server.url("/"), HeaderMap::new(), None)
        .await
        .unwrap();
    assert_eq!((response.body.len(), response.is_cut()), (1000, true));
}

#[tokio::test]
async fn the_size_counts_after_decompression() {
    let server =
        LocalServer::start(|_| Answer::new(200, &[("content-encoding", "gzip")], ZEROS_IN_GZIP))
            .await;

    let cut = keeping(9999)
        .get(&server.url("/"), HeaderMap::new(), None)
        .await
        .unwrap();
    assert_eq!((cut.body.len(), cut.is_cut()), (9999, true));

    let download = client(Private)
        .download(&server.url("/"), HeaderMap::new(), 9999, None)
        .await
        .unwrap();
    assert!(matches!(
        download.read_to_end().await,
        Err(OutboundError::BodyTooLarge { limit: 9999 })
    ));

    let whole = client(Private)
        .download(&server.url("/"), HeaderMap::new(), 10_000, None)
        .await
        .unwrap();
    assert_eq!(whole.read_to_end().await.unwrap(), vec![0; 10_000]);
}

#[tokio::test]
async fn a_slow_head_is_a_timeout() {
    let server = LocalServer::start(|_| Answer::default().then_pause(LONG)).await;
    timeout_of(client(Private).post(
        &server.url("/a?token=1"),
        HeaderMap::new(),
        Bytes::new(),
        Some(SHORT),
    ))
    .await;
}

#[tokio::test]
async fn a_slow_body_is_a_timeout() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc";
    let server = LocalServer::start(move |_| Answer::raw(head).then_pause(LONG)).await;
    timeout_of(client(Private).get(&server.url("/"), HeaderMap::new(), Some(SHORT))).await;
}

#[tokio::test]
async fn redirects_share_one_timeout() {
    let redirect = || {
        Answer::default()
            .then_pause(SHORT / 2)
            .then("HTTP/1.1 302 F\r\nlocation: /\r\ncontent-length: 0\r\n\r\n")
    };
    let server = LocalServer::start(move |_| redirect()).await;
    timeout_of(client(Private).get(&server.url("/"), HeaderMap::new(), Some(SHORT))).await;
}

#[tokio::test]
async fn a_trickle_does_not_hold_up_a_download_for_ever() {
    let trickle = |_: &_| {
        (0..100).fold(Answer::raw("HTTP/1.1 200 OK\r\n\r\n"), |answer, _| {
            answer.then("x").then_pause(SHORT / 4)
        })
    };
    let server = LocalServer::start(trickle).await;
    let download = client(Private)
        .download(&server.url("/"), HeaderMap::new(), 1000, Some(SHORT))
        .await
        .unwrap();
    timeout_of(download.read_to_end()).await;
}

async fn timeout_of<T: std::fmt::Debug>(work: impl Future<Output = Result<T, OutboundError>>) {
    let started = Instant::now();
    let error = work.await.unwrap_err();
    assert!(
        matches!(error, OutboundError::Timeout { limit: SHORT, .. }),
        "{error:?}"
    );
    assert!(error.is_retryable());
    assert!(!error.to_string().contains("token"));
    assert!(started.elapsed() < LONG / 2);
}

#[tokio::test]
async fn a_download_announced_too_large_is_refused_unread() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n";
    let server = LocalServer::start(move |_| Answer::raw(head).then_pause(LONG)).await;
    let error = client(Private)
        .download(&server.url("/"), HeaderMap::new(), 999_999, None)
        .await
        .unwrap_err();
    assert!(matches!(
        error,
        OutboundError::BodyTooLarge { limit: 999_999 }
    ));
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn a_download_comes_in_pieces() {
    let head = "HTTP/1.1 206 P\r\ncontent-type: image/png\r\ncontent-length: 6\r\n\r\nabc";
    let server =
        LocalServer::start(move |_| Answer::raw(head).then_pause(SHORT / 4).then("def")).await;
    let download = client(Private)
        .download(&server.url("/"), HeaderMap::new(), 6, None)
        .await
        .unwrap();

    assert_eq!(
        (download.status().as_u16(), download.content_length()),
        (206, Some(6))
    );
    assert_eq!(download.headers()["content-type"], "image/png");
    let pieces: Vec<Bytes> = download.into_stream().map(Result::unwrap).collect().await;
    assert_eq!(pieces.concat(), b"abcdef");
}

#[tokio::test]
async fn the_stream_ends_after_the_first_error() {
    let server =
        LocalServer::start(|_| Answer::raw("HTTP/1.1 200 OK\r\n\r\nabcdef").then_pause(LONG)).await;
    let download = client(Private)
        .download(&server.url("/"), HeaderMap::new(), 3, None)
        .await
        .unwrap();
    let pieces: Vec<_> = download.into_stream().collect().await;
    assert!(matches!(
        pieces.as_slice(),
        [Err(OutboundError::BodyTooLarge { limit: 3 })]
    ));
}

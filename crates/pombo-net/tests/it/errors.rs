//! Errors: the right kind, and nothing secret in the text.

use std::net::Ipv4Addr;
use std::time::Duration;

use pombo_net::OutboundPolicy::{Private, Public};
use pombo_net::{Bytes, HeaderMap, HeaderValue, OutboundClient, OutboundConfig, OutboundError};
use tokio::net::TcpListener;

use crate::local_server::{Answer, LocalServer, client, config};

/// User, password, path, query and header of every request below contain this word.
const SECRET: &str = "hush";

async fn error_of(scheme: &str, port: u16) -> OutboundError {
    let url = format!(
        "{scheme}://{SECRET}:{SECRET}@127.0.0.1:{port}/{SECRET}?{SECRET}={SECRET}#{SECRET}"
    );
    let mut headers = HeaderMap::new();
    headers.insert("authorization", HeaderValue::from_static(SECRET));
    headers.insert("x-other", HeaderValue::from_static(SECRET));
    let error = client(Private)
        .post(&url, headers, Bytes::from_static(b"hush"), None)
        .await
        .unwrap_err();
    assert!(!format!("{error} {error:?}").contains(SECRET), "{error:?}");
    error
}

#[tokio::test]
async fn nobody_listening_is_a_connect_error() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);

    let error = error_of("http", port).await;

    assert!(matches!(error, OutboundError::Connect { .. }), "{error:?}");
    assert!(error.is_retryable());
    let text = error.to_string();
    assert!(
        text.starts_with(&format!("connecting to http://127.0.0.1:{port} failed: ")),
        "{text}"
    );
    assert!(text.contains("refused"), "{text}");
}

#[tokio::test]
async fn a_plain_server_behind_https_is_a_tls_error() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
        stream
    });

    let error = error_of("https", port).await;

    assert!(matches!(error, OutboundError::Tls { .. }), "{error:?}");
    assert!(error.is_retryable());
    drop(server.await.unwrap());
}

#[tokio::test]
async fn a_silent_tls_handshake_ends_with_the_time_for_connecting() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let connect_timeout = Duration::from_millis(100);
    let client = OutboundClient::new(OutboundConfig {
        connect_timeout,
        ..config(Private)
    })
    .unwrap();
    let error = client.get(&url, HeaderMap::new(), None).await.unwrap_err();
    assert!(
        matches!(error, OutboundError::Timeout { limit, .. } if limit == connect_timeout),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_broken_connection_is_another_error() {
    let closing = LocalServer::start(|_| Answer::default().then_close()).await;
    let garbage = LocalServer::start(|_| Answer::raw("hush hush hush\r\n\r\n").then_close()).await;
    let halfway = LocalServer::start(|_| {
        Answer::raw("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhush").then_close()
    })
    .await;
    for server in [closing, garbage, halfway] {
        let error = error_of("http", server.port()).await;
        assert!(matches!(error, OutboundError::Other { .. }), "{error:?}");
        assert!(error.is_retryable());
    }
}

#[tokio::test]
async fn an_invalid_or_refused_url_is_not_repeated_in_the_text() {
    for url in [
        "hush",
        "hush://hush",
        "http://hush:hush@[::1/hush",
        "http://hush:hush@127.0.0.1/hush?hush",
    ] {
        let error = client(Public)
            .get(url, HeaderMap::new(), None)
            .await
            .unwrap_err();
        assert!(!format!("{error} {error:?}").contains(SECRET), "{error:?}");
    }
}

#[tokio::test]
async fn a_redirect_to_a_secret_place_does_not_tell_it() {
    for target in [
        "hush://hush",
        "http://hush:hush@169.254.169.254/hush",
        "http://[hush",
    ] {
        let server = LocalServer::start(move |_| Answer::redirect(307, target)).await;
        error_of("http", server.port()).await;
    }
}

//! What arrives at the other side.

use std::time::{Duration, SystemTime};

use pombo_net::OutboundPolicy::Private;
use pombo_net::{
    Bytes, HeaderMap, HeaderName, HeaderValue, Method, OutboundClient, OutboundConfig,
};

use crate::local_server::{Answer, LocalServer, client, config};

#[tokio::test]
async fn a_post_arrives_as_it_was_given() {
    let server = LocalServer::start(|_| Answer::new(201, &[("x-answer", "yes")], "done")).await;
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("x-custom", HeaderValue::from_static("value"));

    let response = client(Private)
        .post(
            &server.url("/hook?a=1#part"),
            headers,
            Bytes::from_static(b"{\"a\":1}"),
            None,
        )
        .await
        .unwrap();

    assert_eq!(
        (response.status.as_u16(), response.body.as_ref()),
        (201, b"done".as_ref())
    );
    assert_eq!(response.headers["x-answer"], "yes");
    let request = server.last();
    assert_eq!(
        (request.method.as_str(), request.target.as_str()),
        ("POST", "/hook?a=1")
    );
    assert_eq!(request.body, b"{\"a\":1}");
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("x-custom"), Some("value"));
    assert_eq!(request.header("content-length"), Some("7"));
    assert_eq!(
        request.header("host"),
        Some(server.address.to_string().as_str())
    );
    assert!(request.header("user-agent").unwrap().starts_with("pombo/"));
}

#[tokio::test]
async fn an_error_status_is_an_answer() {
    let server = LocalServer::start(|_| Answer::new(503, &[("retry-after", "7")], "later")).await;
    let response = client(Private)
        .get(&server.url("/"), HeaderMap::new(), None)
        .await
        .unwrap();
    assert_eq!(response.status, 503);
    assert_eq!(
        response.retry_after(SystemTime::now()),
        Some(Duration::from_secs(7))
    );
    assert_eq!(response.snippet(80), "later");
}

#[tokio::test]
async fn headers_of_the_connection_are_not_taken_from_the_caller() {
    let server = LocalServer::start(|_| Answer::ok("")).await;
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("content-length", "9999"),
        ("transfer-encoding", "chunked"),
        ("connection", "upgrade"),
        ("upgrade", "h2c"),
        ("expect", "100-continue"),
        ("host", "virtual.example"),
        ("user-agent", "mine"),
    ] {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }

    client(Private)
        .post(&server.url("/"), headers, Bytes::from_static(b"{}"), None)
        .await
        .unwrap();

    let request = server.last();
    assert_eq!(request.header("content-length"), Some("2"));
    for name in ["transfer-encoding", "upgrade", "expect"] {
        assert_eq!(request.header(name), None, "{name}");
    }
    assert_eq!(request.header("host"), Some("virtual.example"));
    assert_eq!(request.header("user-agent"), Some("mine"));
}

#[tokio::test]
async fn other_methods_carry_a_body() {
    let server = LocalServer::start(|_| Answer::ok("")).await;
    for method in [Method::PUT, Method::PATCH, Method::DELETE] {
        let body = Bytes::from_static(b"{}");
        let url = server.url("/");
        client(Private)
            .request(method.clone(), &url, HeaderMap::new(), body, None)
            .await
            .unwrap();
        assert_eq!(
            (server.last().method.as_str(), server.last().body.as_slice()),
            (method.as_str(), b"{}".as_ref())
        );
    }
}

#[tokio::test]
async fn connections_are_kept_and_shared_by_clones() {
    let server = LocalServer::start(|_| Answer::ok("x")).await;
    let client = OutboundClient::new(OutboundConfig {
        user_agent: "test".to_owned(),
        ..config(Private)
    })
    .unwrap();
    for _ in 0..10 {
        client
            .clone()
            .post(&server.url("/"), HeaderMap::new(), Bytes::new(), None)
            .await
            .unwrap();
    }
    assert_eq!((server.connections(), server.received().len()), (1, 10));
}

//! Redirects over the wire. The rules themselves are tested beside them.

use pombo_net::OutboundPolicy::{Private, Public};
use pombo_net::{
    Bytes, HeaderMap, HeaderName, HeaderValue, OutboundClient, OutboundConfig, OutboundError,
};

use crate::local_server::{Answer, LocalServer, client, config};

fn secrets() -> HeaderMap {
    let mut headers = HeaderMap::new();
    for name in ["authorization", "cookie", "apikey", "x-plain"] {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static("word"),
        );
    }
    let mut marked = HeaderValue::from_static("word");
    marked.set_sensitive(true);
    headers.insert("x-marked", marked);
    headers
}

#[tokio::test]
async fn a_post_keeps_or_loses_its_body_with_the_status() {
    for (status, method, body) in [
        (301, "GET", ""),
        (302, "GET", ""),
        (303, "GET", ""),
        (307, "POST", "{}"),
        (308, "POST", "{}"),
    ] {
        let server = LocalServer::start(move |request| match request.target.as_str() {
            "/a" => Answer::redirect(status, "b?c=d"),
            _ => Answer::ok("there"),
        })
        .await;

        let response = client(Private)
            .post(
                &server.url("/a"),
                HeaderMap::new(),
                Bytes::from_static(b"{}"),
                None,
            )
            .await
            .unwrap();

        assert_eq!(response.body, "there");
        let last = server.last();
        assert_eq!(
            (last.method.as_str(), last.target.as_str()),
            (method, "/b?c=d"),
            "{status}"
        );
        assert_eq!(last.body, body.as_bytes(), "{status}");
    }
}

#[tokio::test]
async fn a_redirect_into_a_refused_place_is_not_followed() {
    for target in [
        "http://169.254.169.254/latest/meta-data/",
        "http://2852039166/",
        "http://0xa9fea9fe/",
        "//169.254.169.254/",
        "http://[::ffff:169.254.169.254]/",
        "http://0.0.0.0/",
        "https://[fd00:ec2::254]/",
        "\\\\169.254.169.254/",
    ] {
        let server = LocalServer::start(move |_| Answer::redirect(302, target)).await;
        let error = client(Private)
            .get(&server.url("/"), HeaderMap::new(), None)
            .await
            .unwrap_err();
        assert!(
            matches!(error, OutboundError::Refused { .. }),
            "{target}: {error:?}"
        );
        let error = client(Private)
            .download(&server.url("/"), HeaderMap::new(), 9, None)
            .await
            .unwrap_err();
        assert!(
            matches!(error, OutboundError::Refused { .. }),
            "{target}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_redirect_to_another_scheme_is_not_followed() {
    for target in [
        "file:///etc/passwd",
        "gopher://127.0.0.1:70/_x",
        "javascript:alert(1)",
        "http://",
    ] {
        let server = LocalServer::start(move |_| Answer::redirect(301, target)).await;
        let error = client(Private)
            .get(&server.url("/"), HeaderMap::new(), None)
            .await
            .unwrap_err();
        assert!(
            matches!(error, OutboundError::InvalidUrl { .. }),
            "{target}: {error:?}"
        );
        assert_eq!(server.received().len(), 1);
    }
}

#[tokio::test]
async fn secrets_do_not_travel_to_another_origin() {
    let other = LocalServer::start(|_| Answer::ok("")).await;
    let target = other.url("/there");
    let first = LocalServer::start(move |request| match request.target.as_str() {
        "/start" => Answer::redirect(307, "/same"),
        _ => Answer::redirect(307, &target),
    })
    .await;
    let start = first.url("/start");

    client(Private)
        .post(&start, secrets(), Bytes::from_static(b"{}"), None)
        .await
        .unwrap();

    let same = first.last();
    assert_eq!(same.target, "/same");
    for name in ["authorization", "cookie", "apikey", "x-marked", "x-plain"] {
        assert_eq!(same.header(name), Some("word"), "{name}");
    }
    let other = other.last();
    for name in ["authorization", "cookie", "apikey", "x-marked", "referer"] {
        assert_eq!(other.header(name), None, "{name}");
    }
    assert_eq!(other.header("x-plain"), Some("word"));
    assert_eq!(other.body, b"{}");
}

#[tokio::test]
async fn userinfo_becomes_authorization_for_its_own_origin_only() {
    let other = LocalServer::start(|_| Answer::ok("")).await;
    let target = other.url("/there");
    let first = LocalServer::start(move |request| match request.target.as_str() {
        "/start" => Answer::redirect(302, "/same"),
        _ => Answer::redirect(302, &target),
    })
    .await;
    let start = format!("http://us%65r:w%20d@{}/start", first.address);

    client(Private).get(&start, secrets(), None).await.unwrap();

    for request in first.received() {
        // base64 of `user:w d`
        assert_eq!(request.header("authorization"), Some("Basic dXNlcjp3IGQ="));
    }
    assert_eq!(first.received().len(), 2);
    assert_eq!(other.last().header("authorization"), None);
}

#[tokio::test]
async fn redirects_come_to_an_end() {
    let server = LocalServer::start(|_| Answer::redirect(302, "/again")).await;
    for limit in [1, 3] {
        let before = server.received().len();
        let client = OutboundClient::new(OutboundConfig {
            max_redirects: limit,
            ..config(Private)
        })
        .unwrap();
        let error = client
            .get(&server.url("/"), HeaderMap::new(), None)
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), format!("more than {limit} redirects"));
        assert_eq!(server.received().len() - before, limit + 1);
    }
}

#[tokio::test]
async fn without_redirects_the_redirect_is_the_answer() {
    let server = LocalServer::start(|_| Answer::redirect(302, "/again")).await;
    let client = OutboundClient::new(OutboundConfig {
        max_redirects: 0,
        ..config(Private)
    })
    .unwrap();
    let response = client
        .get(&server.url("/"), HeaderMap::new(), None)
        .await
        .unwrap();
    assert_eq!(response.status, 302);
    assert_eq!(response.headers["location"], "/again");
}

#[tokio::test]
async fn a_refused_start_sends_nothing() {
    let server = LocalServer::start(|_| Answer::ok("")).await;
    let error = client(Public)
        .post(&server.url("/"), secrets(), Bytes::new(), None)
        .await
        .unwrap_err();
    assert!(matches!(error, OutboundError::Refused { .. }));
    assert_eq!(server.connections(), 0);
}

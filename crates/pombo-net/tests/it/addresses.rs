//! Hosts that are addresses, in every spelling.

use pombo_net::OutboundPolicy::{Open, Private, Public};
use pombo_net::{Bytes, HeaderMap, OutboundError};

use crate::local_server::{Answer, LocalServer, client};

/// All of these are 127.0.0.1.
const SPELLINGS_OF_LOOPBACK: &[&str] = &[
    "127.0.0.1",
    "127.0.0.1.",
    "2130706433",
    "017700000001",
    "0x7f000001",
    "0177.0.0.1",
    "0x7f.0.0.1",
    "0x7F.1",
    "127.1",
    "127.0.1",
    "%31%32%37.0.0.1",
    "１２７.0.0.1",
    "127。0。0。1",
    "①②⑦.0.0.1",
    "user@127.0.0.1",
    "public.example:secret@127.0.0.1",
];

/// All of these are refused even by the lenient default.
const SPELLINGS_OF_METADATA: &[&str] = &[
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "0xa9.0xfe.0xa9fe",
    "169.254.43518",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[0:0:0:0:0:ffff:a9fe:a9fe]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:a9fe:a9fe::]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "100.100.100.200",
    "0.0.0.0",
    "0",
    "[::]",
    "224.0.0.1",
    "255.255.255.255",
    "hooks.example@169.254.169.254",
];

#[tokio::test]
async fn public_refuses_this_machine_in_every_spelling() {
    let server = LocalServer::start(|_| Answer::ok("inside")).await;
    let client = client(Public);
    for host in
        SPELLINGS_OF_LOOPBACK
            .iter()
            .chain(&["[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"])
    {
        let url = format!("http://{host}:{}/", server.port());
        let error = client.get(&url, HeaderMap::new(), None).await.unwrap_err();
        assert!(
            matches!(error, OutboundError::Refused { .. }),
            "{url}: {error}"
        );
        let error = client
            .post(&url, HeaderMap::new(), Bytes::new(), None)
            .await
            .unwrap_err();
        assert!(
            matches!(error, OutboundError::Refused { .. }),
            "{url}: {error}"
        );
        let error = client
            .download(&url, HeaderMap::new(), 10, None)
            .await
            .unwrap_err();
        assert!(
            matches!(error, OutboundError::Refused { .. }),
            "{url}: {error}"
        );
        assert!(client.check_url(&url).is_err());
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn private_reaches_this_machine_in_every_spelling() {
    let server = LocalServer::start(|_| Answer::ok("inside")).await;
    for client in [client(Private), client(Open)] {
        for host in SPELLINGS_OF_LOOPBACK {
            let url = format!("http://{host}:{}/", server.port());
            let response = client.get(&url, HeaderMap::new(), None).await.unwrap();
            assert_eq!(response.body, "inside", "{url}");
        }
    }
}

#[tokio::test]
async fn private_reaches_ipv6_on_this_machine() {
    let Some(server) = LocalServer::start_on_ipv6(|_| Answer::ok("inside")).await else {
        println!("skipped: no IPv6 here");
        return;
    };
    let response = client(Private)
        .get(&server.url("/"), HeaderMap::new(), None)
        .await
        .unwrap();
    assert_eq!(response.body, "inside");
    assert!(
        client(Public)
            .get(&server.url("/"), HeaderMap::new(), None)
            .await
            .is_err()
    );
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn private_refuses_metadata_in_every_spelling() {
    let client = client(Private);
    for host in SPELLINGS_OF_METADATA {
        let url = format!("http://{host}/latest/meta-data/");
        let error = client.get(&url, HeaderMap::new(), None).await.unwrap_err();
        assert!(
            matches!(error, OutboundError::Refused { .. }),
            "{url}: {error}"
        );
        assert!(!error.is_retryable());
    }
}

#[tokio::test]
async fn only_http_and_https_are_spoken() {
    let client = client(Open);
    for url in [
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "ftp://127.0.0.1/",
        "ws://127.0.0.1/",
        "data:text/plain,x",
        "unix:/run/x.sock",
        "127.0.0.1:80/x",
        "//127.0.0.1/",
        "http://",
        "http://[::1",
        "http://[fe80::1%25eth0]/",
        "http://1.2.3.4.5/",
        "http://999.1.1.1/",
        "http://a b/",
        "",
    ] {
        let error = client.get(url, HeaderMap::new(), None).await.unwrap_err();
        assert!(
            matches!(error, OutboundError::InvalidUrl { .. }),
            "{url}: {error}"
        );
        assert!(!error.is_retryable());
    }
}

#[tokio::test]
async fn a_url_can_be_judged_without_sending_anything() {
    let client = client(Public);
    assert!(client.check_url("https://hooks.example/x?y").is_ok());
    assert!(client.check_url("http://0x7f.1/").is_err());
    assert!(client.check_url("hooks.example/x").is_err());
}

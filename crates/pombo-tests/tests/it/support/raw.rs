//! HTTP/1.1 by hand, for handshakes that are to be refused and for odd requests.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use pombo_tests::DEADLINE;

/// An answer, as far as it came.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
    /// From the connection to the end of the answer.
    pub(crate) elapsed: Duration,
}

impl Reply {
    /// The header's text, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        let line = self
            .head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(':'))
            .find(|line| line.0.eq_ignore_ascii_case(name));
        line.map_or("", |line| line.1.trim())
    }

    /// The body, which must be JSON and say so.
    pub(crate) fn json(&self) -> Value {
        assert!(
            self.header("content-type").starts_with("application/json"),
            "{self:?}"
        );
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Sends this text and reads one answer.
pub(crate) async fn exchange(address: SocketAddr, request: &str) -> Reply {
    tokio::time::timeout(DEADLINE, try_exchange(address, request))
        .await
        .expect("an answer in time")
}

async fn try_exchange(address: SocketAddr, request: &str) -> Reply {
    let started = Instant::now();
    let mut stream = TcpStream::connect(address).await.expect("somebody listens");
    stream
        .write_all(request.as_bytes())
        .await
        .expect("it can be sent");
    let mut received = Vec::new();
    let (head, mut body) = loop {
        let count = stream.read_buf(&mut received).await.expect("an answer");
        assert_ne!(
            count, 0,
            "the connection was closed without an answer to {request:?}"
        );
        if let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") {
            break (
                String::from_utf8_lossy(&received[..end]).into_owned(),
                received[end + 4..].to_vec(),
            );
        }
    };
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .expect("a status line");
    let reply = Reply {
        status,
        head,
        body: String::new(),
        elapsed: Duration::ZERO,
    };
    let length = reply.header("content-length").parse::<usize>();
    let chunked = reply
        .header("transfer-encoding")
        .eq_ignore_ascii_case("chunked");
    let complete = |body: &[u8]| match (&length, chunked) {
        (Ok(length), _) => body.len() >= *length,
        (_, true) => body.ends_with(b"0\r\n\r\n"),
        _ => status == 101,
    };
    while !complete(&body) {
        if stream
            .read_buf(&mut body)
            .await
            .expect("the rest of the answer")
            == 0
        {
            break;
        }
    }
    Reply {
        body: String::from_utf8_lossy(&body).into_owned(),
        elapsed: started.elapsed(),
        ..reply
    }
}

/// `GET` with these header lines.
pub(crate) async fn get(address: SocketAddr, path: &str, headers: &[&str]) -> Reply {
    request("GET", address, path, headers).await
}

/// Any method, no body, with these header lines.
pub(crate) async fn request(
    method: &str,
    address: SocketAddr,
    path: &str,
    headers: &[&str],
) -> Reply {
    let more: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    exchange(
        address,
        &format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\n{more}\r\n"),
    )
    .await
}

/// Asks for a WebSocket the way a plain client does, with these header lines.
pub(crate) async fn upgrade(address: SocketAddr, path: &str, headers: &[&str]) -> Reply {
    let mut all = vec![
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ];
    all.extend(headers);
    get(address, path, &all).await
}

//! What the tests of brokers have in common: who is there, and what arrived.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

pub(crate) use pombo_tests::Way;
use pombo_tests::{Client, client::incoming};
use serde_json::Value;

use super::NUMBER;

/// Whether somebody listens on this port of ours; else the test says that it cannot run.
pub(crate) fn reachable(name: &str, port: u16) -> bool {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let there = TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok();
    if !there {
        super::skip(name);
    }
    there
}

/// A name that no other test uses.
pub(crate) fn unique(start: &str) -> String {
    use std::hash::{BuildHasher, Hasher};
    let random = std::hash::RandomState::new().build_hasher().finish();
    format!("{start}-{random:016x}")
}

/// One message as it arrived: the id of the event, and of the WhatsApp message that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arrived {
    pub(crate) event: String,
    pub(crate) message: String,
}

impl Arrived {
    pub(crate) fn new(event: &str, body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body).expect("the body is JSON");
        assert_eq!(body["event"], "messages.upsert");
        let message = body["data"]["key"]["id"].as_str().expect("a message id");
        Self {
            event: event.to_owned(),
            message: message.to_owned(),
        }
    }
}

/// Posts messages of these numbers in, to the instance with [`NUMBER`].
pub(crate) async fn post(client: &Client, numbers: std::ops::Range<usize>) {
    for number in numbers {
        let body = incoming(NUMBER, &format!("m{number}"), "hello");
        client.post("/webhook/evolution", &body).await.expect(200);
    }
}

/// Everything arrived, in order, and each message under one id however often it came.
pub(crate) fn check(arrived: &[Arrived], count: usize) {
    let mut first: Vec<&Arrived> = Vec::new();
    for one in arrived {
        match first.iter().find(|known| known.message == one.message) {
            Some(known) => assert_eq!(*known, one, "one message, two ids"),
            None => first.push(one),
        }
    }
    let order: Vec<_> = first.iter().map(|one| one.message.clone()).collect();
    let expected: Vec<_> = (0..count).map(|number| format!("m{number}")).collect();
    assert_eq!(order, expected);
}

/// Whether all of them are there.
pub(crate) fn complete(arrived: &[Arrived], count: usize) -> bool {
    (0..count).all(|number| {
        let id = format!("m{number}");
        arrived.iter().any(|one| one.message == id)
    })
}

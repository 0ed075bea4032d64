//! What the tests of sockets, proxies and browsers have in common.

pub(crate) mod authority;
pub(crate) mod broker;
pub(crate) mod driver;
pub(crate) mod moto;
pub(crate) mod nginx;
pub(crate) mod raw;
pub(crate) mod socket;

use std::net::SocketAddr;

use serde_json::{Value, json};

use pombo_tests::{Client, Server, parts};

pub(crate) use driver::Driver;
pub(crate) use moto::Moto;
pub(crate) use nginx::Nginx;
pub(crate) use raw::{get, upgrade};
pub(crate) use socket::Socket;

/// A place in a path, percent-encoded.
pub(crate) fn encoded(name: &str) -> String {
    let keep = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(byte);
    name.bytes()
        .map(|byte| {
            if keep(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

/// An address that nobody listens on right now.
pub(crate) fn free_address() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("bound")
}

/// Says that a test cannot run for want of something.
pub(crate) fn skip(missing: &str) {
    parts::skip(std::thread::current().name().unwrap_or("a test"), missing);
}

/// The `websocket` member of a creation: all events.
pub(crate) fn with_socket() -> Value {
    json!({"websocket": {"enabled": true}})
}

/// The `webhook` member of a creation: all events.
pub(crate) fn with_webhook(url: &str) -> Value {
    json!({"webhook": {"enabled": true, "url": url}})
}

/// A server with one instance, `acme`, number 5511900000001, that shows all events; and its token.
pub(crate) async fn acme(settings: &[(&str, &str)]) -> (Server, Client, String) {
    let server = Server::start(settings).await;
    let client = server.client();
    let token = client.create("acme", NUMBER, with_socket()).await;
    (server, client, token)
}

/// The number of `acme`.
pub(crate) const NUMBER: &str = "5511900000001";

/// Ids of the messages that came in, in order, from envelopes of `messages.upsert`.
pub(crate) fn message_id(envelope: &Value) -> Option<&str> {
    (envelope["event"] == "messages.upsert")
        .then(|| envelope["data"]["key"]["id"].as_str())
        .flatten()
}

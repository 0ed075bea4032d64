//! A Socket.IO client that keeps what it is told, with bytes as the recordings have them.

use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use super::witness::Witness;

/// Follows the namespace of an instance until the server hangs up.
pub(super) fn follow(server: SocketAddr, instance: &str, key: &str, witness: Arc<Witness>) {
    let (instance, key) = (instance.to_owned(), key.to_owned());
    tokio::spawn(async move {
        session(server, &instance, &key, &witness).await;
    });
}

async fn session(server: SocketAddr, instance: &str, key: &str, witness: &Witness) -> Option<()> {
    let url = format!("ws://{server}/socket.io/?EIO=4&transport=websocket");
    let (mut socket, _) = connect_async(url).await.ok()?;
    let mut waiting: Option<Packet> = None;
    loop {
        match socket.next().await?.ok()? {
            Message::Text(text) if text.starts_with('0') => {
                // A new instance has a namespace as soon as it is there; from its first event on.
                let hello = format!("40/{instance},{}", json!({"apikey": key, "offset": 0}));
                socket.send(Message::text(hello)).await.ok()?;
            }
            Message::Text(text) if text.as_str() == "2" => {
                socket.send(Message::text("3")).await.ok()?;
            }
            Message::Text(text) => {
                if let Some(packet) = Packet::read(&text) {
                    waiting = packet.done(instance, witness);
                }
            }
            Message::Binary(bytes) => {
                if let Some(mut packet) = waiting.take() {
                    packet.bytes.push(bytes.to_vec());
                    waiting = packet.done(instance, witness);
                }
            }
            _ => {}
        }
    }
}

/// An event that may still wait for its bytes.
struct Packet {
    arguments: Value,
    attachments: usize,
    bytes: Vec<Vec<u8>>,
}

impl Packet {
    /// `42/waa,["event",{}]` or `453-/waa,["event",{}]`
    fn read(text: &str) -> Option<Self> {
        let (attachments, rest) = match text.strip_prefix("45") {
            Some(rest) => rest
                .split_once('-')
                .map(|(n, rest)| (n.parse().ok(), rest))?,
            None => (Some(0), text.strip_prefix("42")?),
        };
        let (_, arguments) = rest.split_once(',')?;
        Some(Self {
            arguments: serde_json::from_str(arguments).ok()?,
            attachments: attachments?,
            bytes: Vec::new(),
        })
    }

    /// Tells the witness when nothing is missing, else itself.
    fn done(mut self, instance: &str, witness: &Witness) -> Option<Self> {
        if self.bytes.len() < self.attachments {
            return Some(self);
        }
        put_in(&mut self.arguments, &self.bytes);
        let mut envelope = self.arguments[1].take();
        // Told to clients that name a place, as we do; those of the recording did not.
        if let Value::Object(members) = &mut envelope {
            members.remove("id");
            members.remove("seq");
        }
        witness.tell("socket.io", instance, envelope);
        None
    }
}

fn put_in(value: &mut Value, bytes: &[Vec<u8>]) {
    match value {
        Value::Object(members) if members.get("_placeholder") == Some(&Value::Bool(true)) => {
            let number = members.get("num").and_then(Value::as_u64).unwrap_or(0);
            let bytes = usize::try_from(number).ok().and_then(|n| bytes.get(n));
            *value = json!({"$binary": base64(bytes.map_or(&[], Vec::as_slice))});
        }
        Value::Object(members) => members.values_mut().for_each(|inner| put_in(inner, bytes)),
        Value::Array(list) => list.iter_mut().for_each(|inner| put_in(inner, bytes)),
        _ => {}
    }
}

pub(super) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let number = three
            .iter()
            .fold(0_usize, |number, byte| number << 8 | usize::from(*byte))
            << (8 * (3 - three.len()));
        for place in 0..4 {
            if place <= three.len() {
                text.push(char::from(LETTERS[number >> (18 - 6 * place) & 63]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

#[test]
fn bytes_are_shown_as_recorded() {
    assert_eq!(base64(b""), "");
    assert_eq!(base64(b"a"), "YQ==");
    assert_eq!(base64(b"ab"), "YWI=");
    assert_eq!(base64(b"abc"), "YWJj");
    assert_eq!(base64(&[255; 6]), "////////");
}

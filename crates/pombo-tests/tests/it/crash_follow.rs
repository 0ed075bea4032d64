//! Clients that follow an instance over any number of restarts, each from the last place it saw.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

type Socket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

/// One event, as somebody saw it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// `messages.upsert`
    pub(crate) event: String,
    /// The event's id: the same for every receiver.
    pub(crate) id: String,
    /// Its place in the log.
    pub(crate) seq: i64,
    /// The message's id, if it is about a message.
    pub(crate) key: String,
}

/// What a follower has seen and what it had to complain about.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// In the order of arrival.
    pub(crate) seen: Vec<Seen>,
    /// What must not happen.
    pub(crate) trouble: Vec<String>,
    /// How often it joined.
    pub(crate) joined: usize,
}

impl Notes {
    fn offset(&self) -> i64 {
        self.seen.last().map_or(0, |seen| seen.seq)
    }

    fn see(&mut self, envelope: &Value) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let Some(seq) = envelope["seq"].as_i64() else {
            self.trouble
                .push(format!("an event without a place: {envelope}"));
            return;
        };
        if seq <= self.offset() {
            self.trouble
                .push(format!("{seq} came after {}", self.offset()));
        }
        self.seen.push(Seen {
            event: text(&envelope["event"]),
            id: text(&envelope["id"]),
            seq,
            key: text(&envelope["data"]["key"]["id"]),
        });
    }

    fn end_of_replay(&mut self, end: &Value) {
        if end["complete"] != true {
            self.trouble.push(format!("a gap in the log: {end}"));
        }
    }

    /// The ids of the messages told by these events, with the event's id.
    pub(crate) fn told(&self) -> BTreeMap<&str, &str> {
        let about = self
            .seen
            .iter()
            .filter(|seen| is_about_a_message(&seen.event));
        about
            .map(|seen| (seen.key.as_str(), seen.id.as_str()))
            .collect()
    }
}

/// The two events that tell of a message, exactly once each.
pub(crate) fn is_about_a_message(event: &str) -> bool {
    event == "messages.upsert" || event == "send.message"
}

/// How a follower is connected.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Over {
    /// `/ws/{instance}?offset=`
    WebSocket,
    /// The namespace `/{instance}`, with `auth.offset`.
    SocketIo,
}

/// A client that comes back as soon as it can, until it is dropped.
pub(crate) struct Follower {
    notes: Arc<Mutex<Notes>>,
    task: tokio::task::JoinHandle<()>,
}

impl Follower {
    /// Starts following.
    pub(crate) fn start(over: Over, server: SocketAddr, instance: &str, key: &str) -> Self {
        let notes = Arc::new(Mutex::new(Notes::default()));
        let (shared, instance, key) = (Arc::clone(&notes), instance.to_owned(), key.to_owned());
        let task = tokio::spawn(async move {
            loop {
                let session = async {
                    match over {
                        Over::WebSocket => over_websocket(&shared, server, &instance, &key).await,
                        Over::SocketIo => over_socketio(&shared, server, &instance, &key).await,
                    }
                };
                // Refused or cut off: the server is down. Come back soon.
                session.await.unwrap_or_default();
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        Self { notes, task }
    }

    /// What it has seen so far.
    pub(crate) fn notes(&self) -> MutexGuard<'_, Notes> {
        locked(&self.notes)
    }

    /// Whether it has joined at least once.
    pub(crate) fn joined(&self) -> Option<()> {
        (self.notes().joined > 0).then_some(())
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn locked(notes: &Mutex<Notes>) -> MutexGuard<'_, Notes> {
    notes.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The next text, or nothing when the connection has ended.
async fn text(socket: &mut Socket) -> Option<String> {
    loop {
        match socket.next().await?.ok()? {
            Message::Text(text) => return Some(text.to_string()),
            Message::Close(_) => return None,
            _ => {}
        }
    }
}

async fn open(url: &str) -> Option<Socket> {
    let connecting = tokio::time::timeout(Duration::from_secs(10), connect_async(url));
    Some(connecting.await.ok()?.ok()?.0)
}

async fn over_websocket(
    notes: &Mutex<Notes>,
    server: SocketAddr,
    instance: &str,
    key: &str,
) -> Option<()> {
    let offset = locked(notes).offset();
    let mut socket = open(&format!(
        "ws://{server}/ws/{instance}?apikey={key}&offset={offset}"
    ))
    .await?;
    loop {
        let frame: Value =
            serde_json::from_str(&text(&mut socket).await?).expect("frames are JSON");
        let mut notes = locked(notes);
        match frame["event"].as_str() {
            Some("ready") => notes.joined += 1,
            Some("replay.end") => notes.end_of_replay(&frame),
            _ => notes.see(&frame),
        }
    }
}

async fn over_socketio(
    notes: &Mutex<Notes>,
    server: SocketAddr,
    instance: &str,
    key: &str,
) -> Option<()> {
    let mut socket = open(&format!(
        "ws://{server}/socket.io/?EIO=4&transport=websocket"
    ))
    .await?;
    let event = format!("42/{instance},");
    loop {
        let packet = text(&mut socket).await?;
        if packet.starts_with('0') {
            let auth = json!({"apikey": key, "offset": locked(notes).offset()});
            socket
                .send(Message::text(format!("40/{instance},{auth}")))
                .await
                .ok()?;
        } else if packet == "2" {
            socket.send(Message::text("3")).await.ok()?;
        } else if let Some(arguments) = packet.strip_prefix(&event) {
            let arguments: Value = serde_json::from_str(arguments).expect("arguments are JSON");
            let mut notes = locked(notes);
            match arguments[0].as_str() {
                Some("replay.end") => notes.end_of_replay(&arguments[1]),
                _ => notes.see(&arguments[1]),
            }
        } else if packet.starts_with("40/") {
            locked(notes).joined += 1;
        } else {
            locked(notes).trouble.push(format!("refused: {packet}"));
            return None;
        }
    }
}

//! Accounts on a simulated network, linked to a server: made, written to, listened to.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

use crate::frames::{WebSocket, kind};
use crate::http::{Connection, head};
use crate::network::Network;
use crate::server::{KEY, Server};
use crate::template::find;

/// How long anything that should happen is waited for.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Instances that are linked at the same time.
const AT_ONCE: usize = 4;

/// A network and a server that is pointed at it.
#[derive(Debug)]
pub struct World {
    /// The network.
    pub network: Arc<Network>,
    /// The server.
    pub server: Server,
    /// The server's data.
    pub data: TempDir,
}

/// The number of an account that is linked.
#[must_use]
pub fn account(index: usize) -> String {
    format!("551190{index:07}")
}

/// The number of a person with nothing but a phone.
#[must_use]
pub fn person(index: usize) -> String {
    format!("551180{index:07}")
}

/// The instance of that account.
#[must_use]
pub fn name(index: usize) -> String {
    format!("a{index}")
}

/// Lets a person write to an account.
///
/// # Errors
/// What the server or the network says.
pub async fn say(network: &Network, from: usize, to: usize, text: &str) -> io::Result<()> {
    let path = format!("/admin/phones/{}/messages", person(from));
    let body = json!({"to": account(to), "content": {"kind": "text", "text": text}});
    network.ask("POST", &path, &body).await?;
    Ok(())
}

/// Makes these people.
///
/// # Errors
/// What the server or the network says.
pub async fn people(network: &Network, count: usize) -> io::Result<()> {
    for index in 0..count {
        network.phone(&person(index)).await?;
    }
    Ok(())
}

/// What requests to the server need.
#[must_use]
pub fn headers() -> [String; 1] {
    [format!("apikey: {KEY}")]
}

/// Sends a text to a person; the message's id.
///
/// # Errors
/// What the server says.
pub async fn send_text(connection: &mut Connection, from: usize, to: usize) -> io::Result<String> {
    let body = json!({"number": person(to), "text": "a text as people send it"});
    let path = format!("/message/sendText/{}", name(from));
    let answer = connection
        .ask_json(&headers(), "POST", &path, &body)
        .await?;
    answer["key"]["id"]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| io::Error::other(format!("no id: {answer}")))
}

/// Creates an instance and lets a phone scan its code; from the request to `open`.
///
/// # Errors
/// What the server or the network says.
pub async fn link(address: &str, network: &Network, index: usize) -> io::Result<Duration> {
    let number = account(index);
    network.phone(&number).await?;
    let websocket = json!({"enabled": true, "events": ["MESSAGES_UPSERT", "MESSAGES_UPDATE"]});
    let body = json!({"instanceName": name(index), "integration": "WHATSAPP-BAILEYS", "qrcode": true, "websocket": websocket});
    let mut connection = Connection::to(address);
    let start = Instant::now();
    let created = connection
        .ask_json(&headers(), "POST", "/instance/create", &body)
        .await?;
    let code = created["qrcode"]["code"]
        .as_str()
        .ok_or_else(|| io::Error::other(format!("no code: {created}")))?;
    network.scan(&number, code).await?;
    let ask = head(
        "GET",
        &format!("/instance/connectionState/{}", name(index)),
        address,
        &headers(),
    );
    loop {
        let (_, text) = connection.ask(&ask, "").await?;
        if find(&text, b"\"open\"").is_some() {
            return Ok(start.elapsed());
        }
        if start.elapsed() > PATIENCE {
            return Err(io::Error::other(format!(
                "{} is not open: {}",
                name(index),
                String::from_utf8_lossy(&text)
            )));
        }
        sleep(Duration::from_millis(2)).await;
    }
}

/// Links these accounts.
///
/// # Errors
/// What the server or the network says.
pub async fn link_many(world: &World, indices: std::ops::Range<usize>) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut linking = JoinSet::new();
    for index in indices {
        let (places, network) = (Arc::clone(&places), Arc::clone(&world.network));
        let address = world.server.address.clone();
        linking.spawn(async move {
            let _place = places.acquire().await.map_err(io::Error::other)?;
            link(&address, &network, index).await
        });
    }
    while let Some(done) = linking.join_next().await {
        done.map_err(io::Error::other)??;
    }
    Ok(())
}

/// How many instances are open.
///
/// # Errors
/// What the server or the network says.
pub async fn count_open(server: &Server) -> io::Result<usize> {
    let all = server
        .ask("GET", "/instance/fetchInstances", &Value::Null)
        .await?;
    let open = all.as_array().map_or(0, |all| {
        all.iter()
            .filter(|instance| instance["connectionStatus"] == "open")
            .count()
    });
    Ok(open)
}

/// A client that listens until this is dropped.
#[derive(Debug)]
pub struct Listening(JoinHandle<()>);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A Socket.IO client of one instance; events with this text in them are handed on with the time at which they came.
///
/// # Errors
/// What the server or the network says.
pub async fn listen(
    address: &str,
    instance: &str,
    event: &'static str,
    heard: mpsc::Sender<(Instant, Vec<u8>)>,
) -> io::Result<Listening> {
    let target = format!("/socket.io/?EIO=4&transport=websocket&apikey={KEY}");
    let mut socket = WebSocket::open(address, &target, "").await?;
    socket.text().await?;
    socket
        .send(kind::TEXT, format!("40/{instance},").as_bytes())
        .await?;
    while !socket.text().await?.starts_with("40/") {}
    let instance = instance.to_owned();
    Ok(Listening(tokio::spawn(async move {
        while let Ok((kind, content)) = socket.next().await {
            let content = socket.bytes(content);
            if kind == kind::TEXT && content == b"2" {
                if socket.send(kind::TEXT, b"3").await.is_err() {
                    return;
                }
            } else if find(content, event.as_bytes()).is_some() {
                let event = (Instant::now(), content.to_vec());
                if heard.send(event).await.is_err() {
                    return;
                }
            }
        }
        said(&format!(
            "the client that listened to {instance} was disconnected"
        ));
    })))
}

#[expect(clippy::print_stderr, reason = "a person must see it")]
fn said(text: &str) {
    eprintln!("{text}");
}

/// The next event with this text.
///
/// # Errors
/// When none comes.
pub async fn wait_for(
    events: &mut mpsc::Receiver<(Instant, Vec<u8>)>,
    text: &[u8],
) -> io::Result<Vec<u8>> {
    let waiting = async {
        while let Some((_, event)) = events.recv().await {
            if find(&event, text).is_some() {
                return Some(event);
            }
        }
        None
    };
    match timeout(PATIENCE, waiting).await {
        Ok(Some(event)) => Ok(event),
        Ok(None) | Err(_) => Err(io::Error::other(format!(
            "no event with {}",
            String::from_utf8_lossy(text)
        ))),
    }
}

use std::collections::VecDeque;
use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::{http, soon};

/// A Socket.IO client on a websocket, frame by frame. Answers pings by itself and does not show them.
pub(crate) struct Sio {
    stream: WebSocketStream<TcpStream>,
    pub(crate) open: Value,
    pub(crate) pings: usize,
    pub(crate) answers_pings: bool,
}

impl Sio {
    /// A session over websocket with this query behind `EIO=4&transport=websocket`.
    pub(crate) async fn open(address: SocketAddr, query: &str) -> Self {
        Self::dial(
            address,
            &format!("/socket.io/?EIO=4&transport=websocket{query}"),
            &[],
        )
        .await
        .unwrap()
    }

    /// A session that has joined a namespace with the key in the query.
    pub(crate) async fn joined(address: SocketAddr, namespace: &str, key: &str) -> Self {
        let mut client = Self::open(address, &format!("&apikey={key}")).await;
        client.join(namespace, "").await;
        client
    }

    pub(crate) async fn dial(
        address: SocketAddr,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, tungstenite::Error> {
        let mut stream = Self::websocket(address, path, headers).await?;
        let first = soon("the open packet", stream.next())
            .await
            .unwrap()?
            .into_text()?
            .to_string();
        let open = first
            .strip_prefix('0')
            .and_then(|open| serde_json::from_str(open).ok());
        let open = open.unwrap_or_else(|| panic!("not an open packet: {first}"));
        Ok(Self {
            stream,
            open,
            pings: 0,
            answers_pings: true,
        })
    }

    /// The websocket alone, as for an upgrade.
    pub(crate) async fn websocket(
        address: SocketAddr,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<WebSocketStream<TcpStream>, tungstenite::Error> {
        let mut request = format!("ws://{address}{path}").into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let tcp = TcpStream::connect(address).await.unwrap();
        tcp.set_nodelay(true).unwrap();
        Ok(soon("the websocket", client_async(request, tcp)).await?.0)
    }

    pub(crate) fn from_upgrade(stream: WebSocketStream<TcpStream>, open: Value) -> Self {
        Self {
            stream,
            open,
            pings: 0,
            answers_pings: true,
        }
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.unwrap();
    }

    pub(crate) async fn send_bytes(&mut self, bytes: &'static [u8]) {
        self.stream.send(Message::binary(bytes)).await.unwrap();
    }

    /// The next frame that is not a ping; `None` when the server has closed.
    pub(crate) async fn frame(&mut self) -> Option<Message> {
        soon("a frame", async {
            loop {
                match self.stream.next().await {
                    Some(Ok(Message::Text(text))) if text.as_str() == "2" => {
                        self.pings += 1;
                        if self.answers_pings {
                            self.send("3").await;
                        }
                    }
                    // Engine.IO announces the end with a packet of its own.
                    Some(Ok(Message::Text(text))) if text.as_str() == "1" => {}
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                    Some(Ok(frame)) => return Some(frame),
                }
            }
        })
        .await
    }

    pub(crate) async fn text(&mut self) -> String {
        match self.frame().await {
            Some(Message::Text(text)) => text.to_string(),
            other => panic!("not a text frame: {other:?}"),
        }
    }

    /// Waits for the end; whatever comes before it is returned.
    pub(crate) async fn rest(&mut self) -> Vec<String> {
        let mut texts = Vec::new();
        while let Some(frame) = self.frame().await {
            if let Message::Text(text) = frame {
                texts.push(text.to_string());
            }
        }
        texts
    }

    /// Joins and expects to be let in. `auth` is JSON or nothing.
    pub(crate) async fn join(&mut self, namespace: &str, auth: &str) {
        let prefix = if namespace == "/" {
            String::new()
        } else {
            format!("{namespace},")
        };
        self.send(&format!("40{prefix}{auth}")).await;
        let answer = self.text().await;
        assert!(
            answer.starts_with(&format!("40{prefix}{{\"sid\":\"")),
            "{answer}"
        );
    }

    /// Joins and returns the text of the refusal.
    pub(crate) async fn refusal(&mut self, namespace: &str, auth: &str) -> String {
        let prefix = if namespace == "/" {
            String::new()
        } else {
            format!("{namespace},")
        };
        self.send(&format!("40{prefix}{auth}")).await;
        let answer = self.text().await;
        let payload = answer
            .strip_prefix(&format!("44{prefix}"))
            .unwrap_or_else(|| panic!("{answer}"));
        let payload: Value = serde_json::from_str(payload).unwrap();
        payload["message"].as_str().unwrap().to_owned()
    }

    /// The next event: namespace, name, argument.
    pub(crate) async fn event(&mut self) -> (String, String, Value) {
        let text = self.text().await;
        parse_event(&text)
    }
}

pub(crate) fn parse_event(text: &str) -> (String, String, Value) {
    let rest = text
        .strip_prefix("42")
        .unwrap_or_else(|| panic!("not an event: {text}"));
    let (namespace, json) = match rest.find("[\"") {
        Some(0) => ("/", rest),
        Some(at) => (rest[..at].trim_end_matches(','), &rest[at..]),
        None => panic!("not an event: {text}"),
    };
    let mut parts: Vec<Value> = serde_json::from_str(json).unwrap();
    assert_eq!(parts.len(), 2, "{text}");
    let body = parts.pop().unwrap();
    (
        namespace.to_owned(),
        parts[0].as_str().unwrap().to_owned(),
        body,
    )
}

/// A Socket.IO client that polls.
pub(crate) struct Polling {
    pub(crate) address: SocketAddr,
    pub(crate) path: String,
    pub(crate) open: Value,
    waiting: VecDeque<String>,
}

impl Polling {
    pub(crate) async fn open(address: SocketAddr, query: &str) -> Self {
        let answer = http::get(
            address,
            &format!("/socket.io/?EIO=4&transport=polling{query}"),
        )
        .await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let open: Value = serde_json::from_str(answer.body.strip_prefix('0').unwrap()).unwrap();
        let path = format!(
            "/socket.io/?EIO=4&transport=polling&sid={}",
            open["sid"].as_str().unwrap()
        );
        Self {
            address,
            path,
            open,
            waiting: VecDeque::new(),
        }
    }

    pub(crate) async fn post(&self, body: &str) -> http::Answer {
        http::send(
            self.address,
            "POST",
            &self.path,
            &[("content-type", "text/plain;charset=UTF-8")],
            body,
        )
        .await
    }

    pub(crate) async fn poll(&self) -> http::Answer {
        http::get(self.address, &self.path).await
    }

    /// The next packet that is not a ping.
    pub(crate) async fn packet(&mut self) -> String {
        loop {
            while let Some(packet) = self.waiting.pop_front() {
                if packet != "2" {
                    return packet;
                }
                assert_eq!(self.post("3").await.body, "ok");
            }
            let answer = self.poll().await;
            assert_eq!(answer.status, 200, "{answer:?}");
            self.waiting
                .extend(answer.body.split('\u{1e}').map(str::to_owned));
        }
    }
}

//! A plain WebSocket client.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use pombo_tests::DEADLINE;

/// A connected client.
pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The subprotocol that the server chose.
    pub(crate) protocol: Option<String>,
}

impl Socket {
    /// Connects.
    pub(crate) async fn open(url: &str, headers: &[(&'static str, &str)]) -> Self {
        let mut request = url.into_client_request().expect("a URL");
        for (name, value) in headers {
            request
                .headers_mut()
                .insert(*name, value.parse().expect("a header value"));
        }
        let (stream, response) = match tokio::time::timeout(DEADLINE, connect_async(request))
            .await
            .expect("an answer in time")
        {
            Ok(connected) => connected,
            Err(Error::Http(response)) => {
                let body = response.body().as_deref().map(String::from_utf8_lossy);
                panic!("{url} answered {}: {body:?}", response.status());
            }
            Err(error) => panic!("{url}: {error}"),
        };
        let protocol = response
            .headers()
            .get("sec-websocket-protocol")
            .and_then(|name| name.to_str().ok())
            .map(str::to_owned);
        Self { stream, protocol }
    }

    /// Connects and takes the first frame, which must be `ready`.
    pub(crate) async fn ready(url: &str, headers: &[(&'static str, &str)]) -> (Self, Value) {
        let mut socket = Self::open(url, headers).await;
        let ready = socket.json().await;
        assert_eq!(ready["event"], "ready", "{ready}");
        (socket, ready)
    }

    async fn message(&mut self) -> Option<Message> {
        let next = tokio::time::timeout(DEADLINE, self.stream.next())
            .await
            .expect("a frame in time");
        next.and_then(Result::ok)
    }

    /// The next text frame.
    pub(crate) async fn text(&mut self) -> String {
        loop {
            match self.message().await {
                Some(Message::Text(text)) => return text.as_str().to_owned(),
                Some(Message::Ping(_) | Message::Pong(_)) => {}
                other => panic!("expected a text frame, got {other:?}"),
            }
        }
    }

    /// The next text frame, as JSON.
    pub(crate) async fn json(&mut self) -> Value {
        let text = self.text().await;
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// The next frame of this event; others are passed over.
    pub(crate) async fn event(&mut self, name: &str) -> Value {
        loop {
            let frame = self.json().await;
            if frame["event"] == name {
                return frame;
            }
        }
    }

    /// The frame of the message with this id; others are passed over.
    pub(crate) async fn message_with_id(&mut self, id: &str) -> Value {
        loop {
            let frame = self.event("messages.upsert").await;
            if frame["data"]["key"]["id"] == id {
                return frame;
            }
        }
    }

    /// Reads on until the server closes; the code, and how many text frames came before it.
    pub(crate) async fn closed(&mut self) -> (u16, usize) {
        let mut texts = 0;
        loop {
            match self.message().await {
                Some(Message::Text(_)) => texts += 1,
                Some(Message::Ping(_) | Message::Pong(_)) => {}
                Some(Message::Close(Some(frame))) => return (frame.code.into(), texts),
                other => panic!("expected a close frame with a code, got {other:?}"),
            }
        }
    }

    /// Waits for a ping of the server, which is answered by the library.
    pub(crate) async fn pinged(&mut self) {
        loop {
            match self.message().await {
                Some(Message::Ping(_)) => return,
                Some(Message::Text(_) | Message::Pong(_)) => {}
                other => panic!("expected a ping, got {other:?}"),
            }
        }
    }

    /// Sends a text frame.
    pub(crate) async fn send(&mut self, text: &str) {
        self.stream
            .send(Message::text(text))
            .await
            .expect("it is connected");
    }

    /// Asserts that no text frame is on its way: what the server answers to a ping comes first.
    pub(crate) async fn nothing_more(&mut self) {
        self.send("ping").await;
        assert_eq!(self.text().await, "pong");
        // Events are shown by another task than the one that answers; give it a moment.
        let more = tokio::time::timeout(Duration::from_millis(300), self.stream.next()).await;
        assert!(more.is_err(), "something more came: {more:?}");
    }
}

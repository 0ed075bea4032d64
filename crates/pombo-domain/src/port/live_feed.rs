//! The native WebSocket, seen from the HTTP side: a stream of frames for one connected client.

use std::net::SocketAddr;

use bytes::Bytes;
use futures_core::Stream;
use std::pin::Pin;

use super::api_keys::Access;
use crate::event::Seq;
use crate::instance::InstanceRef;

/// What a client that connects asks for.
#[derive(Debug, Clone)]
pub struct FeedRequest {
    /// One instance, or `None` for all that the key opens.
    pub instance: Option<InstanceRef>,
    /// What the client's key opens.
    pub access: Access,
    /// Replay everything after this place first.
    pub offset: Option<Seq>,
    /// Who it is, for the log.
    pub peer: Option<SocketAddr>,
}

/// What goes to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// A text frame, UTF-8.
    Text(Bytes),
    /// Protocol ping.
    Ping,
    /// Close with this code and reason; nothing follows.
    Close {
        /// RFC 6455 code.
        code: u16,
        /// Short text for people.
        reason: &'static str,
    },
}

/// What came from the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionCommand {
    /// A text frame.
    Text(String),
    /// Any sign of life: pong, ping, data.
    Alive,
    /// The client is gone.
    Closed,
}

/// One connected client.
pub struct LiveSession {
    /// Frames to send, in order. Ends after a `Close`.
    pub frames: Pin<Box<dyn Stream<Item = Frame> + Send>>,
    /// Tells the feed what the client did. Never blocks; may be called until the frames end.
    pub commands: Box<dyn Fn(SessionCommand) + Send + Sync>,
}

impl std::fmt::Debug for LiveSession {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("LiveSession")
    }
}

/// Feeds connected clients. Who falls behind is closed with 1013, never waited for.
pub trait LiveFeed: Send + Sync {
    /// A session for a client whose handshake was accepted. Must be called within a Tokio runtime.
    fn open(&self, request: FeedRequest) -> LiveSession;
}

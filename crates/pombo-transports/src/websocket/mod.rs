//! The native WebSocket: one text frame per event, for clients that do not speak Socket.IO.
//!
//! The HTTP side (`pombo-api`) accepts the handshake and asks [`Hub`] for a session: a stream of frames out, a callback for
//! what comes in. The hub knows no socket. The first frame is `ready`; then come events, and answers to what the client
//! asked. Whoever falls behind is closed with 1013, never waited for.

mod command;
mod config;
mod outbox;
mod session;
mod transport;

pub use config::WebSocketConfig;
pub use transport::Hub;

/// Close codes. Source: RFC 6455, section 7.4.1, and the IANA registry.
mod close {
    /// The server goes away.
    pub(super) const SHUTDOWN: (u16, &str) = (1001, "the server is shutting down");
    /// No answer to a ping.
    pub(super) const SILENT: (u16, &str) = (1002, "no answer to a ping");
    /// The instance was deleted.
    pub(super) const INSTANCE_GONE: (u16, &str) = (1008, "the instance was deleted");
    /// The key opens nothing here any more.
    pub(super) const KEY_GONE: (u16, &str) = (1008, "the key is no longer valid");
    /// The log could not be read, so the client would have missed something.
    pub(super) const NO_HISTORY: (u16, &str) = (1011, "the event log cannot be read");
    /// The client fell behind.
    pub(super) const TOO_SLOW: (u16, &str) = (1013, "too slow: reconnect with ?offset=");
}

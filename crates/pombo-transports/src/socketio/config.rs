use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::allowed_hosts::AllowedHosts;

/// Whether pages of this origin may connect; see [`SocketIoConfig::origin_allowed`].
pub type OriginCheck = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// The Socket.IO server. Sources: `WEBSOCKET_*`, `CORS_ORIGIN`, `POMBO_SOCKETIO_*`.
#[derive(Clone)]
pub struct SocketIoConfig {
    /// How often the server asks for a sign of life. Default 25 s, below the 60 s after which NGINX gives up.
    pub ping_interval: Duration,
    /// How long the answer may take. Default 20 s.
    pub ping_timeout: Duration,
    /// A connection that has joined no namespace after this time is closed. Default 10 s (45 s in the original: longer
    /// than an honest client needs, and long enough to hoard connections without a key).
    pub connect_timeout: Duration,
    /// How long an upgrade from polling to websocket may take. Default 10 s.
    pub upgrade_timeout: Duration,
    /// Largest message that a client may send, in bytes. Default 1,000,000.
    pub max_payload: usize,
    /// Packets that wait for one client; with more it has fallen behind and is disconnected. Default 1024: a message is about four.
    pub queue: usize,
    /// Byte fields go out as binary attachments, as in the original (`WEBSOCKET_BINARY`). Default off: JSON text.
    pub binary: bool,
    /// Serve clients of Socket.IO 2 (`EIO=3`, `POMBO_SOCKETIO_EIO3`) too. Default off, as in the original.
    pub eio3: bool,
    /// A handshake without any key is admitted; the client must then show its key when it joins a namespace
    /// (`auth.apikey`), or nothing opens. Default on. Off: refused at once, as in the original.
    pub keyless_handshake: bool,
    /// Who needs no key (`WEBSOCKET_ALLOWED_HOSTS`). Default nobody.
    pub allowed_hosts: AllowedHosts,
    /// Which `Origin` may open a websocket, when `CORS_ORIGIN` is a list; `None` when it is `*`. CORS itself does not
    /// cover websockets.
    pub origin_allowed: Option<OriginCheck>,
    /// So many refused joins are answered on one connection; with the next one it is closed. Default 32.
    pub max_refused_joins: u32,
}

impl Default for SocketIoConfig {
    fn default() -> Self {
        Self {
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(10),
            upgrade_timeout: Duration::from_secs(10),
            max_payload: 1_000_000,
            queue: 1024,
            binary: false,
            eio3: false,
            keyless_handshake: true,
            allowed_hosts: AllowedHosts::default(),
            origin_allowed: None,
            max_refused_joins: 32,
        }
    }
}

impl fmt::Debug for SocketIoConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SocketIoConfig")
            .field("ping_interval", &self.ping_interval)
            .field("ping_timeout", &self.ping_timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("max_payload", &self.max_payload)
            .field("queue", &self.queue)
            .field("binary", &self.binary)
            .field("eio3", &self.eio3)
            .field("allowed_hosts", &self.allowed_hosts)
            .finish_non_exhaustive()
    }
}

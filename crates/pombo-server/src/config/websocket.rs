use super::{addresses::AddressList, env, reader::Reader};

/// Socket.IO and native WebSocket. Source: `WEBSOCKET_*`, `POMBO_SOCKETIO_EIO3`.
#[derive(Debug, Clone)]
pub struct WebsocketConfig {
    /// Whether clients may connect.
    pub enabled: bool,
    /// Whether `/` and `/ws` get the events of all instances.
    pub global_events: bool,
    /// Clients that need no key. Nobody by default.
    pub allowed_hosts: AddressList,
    /// Whether Socket.IO sends binary frames as the original does.
    pub binary: bool,
    /// Whether clients of Socket.IO 2 are accepted.
    pub eio3: bool,
}

impl WebsocketConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            enabled: reader.flag(&env::WEBSOCKET_ENABLED),
            global_events: reader.flag(&env::WEBSOCKET_GLOBAL_EVENTS),
            allowed_hosts: reader
                .optional_addresses(&env::WEBSOCKET_ALLOWED_HOSTS)
                .unwrap_or_default(),
            binary: reader.flag(&env::WEBSOCKET_BINARY),
            eio3: reader.flag(&env::POMBO_SOCKETIO_EIO3),
        }
    }
}

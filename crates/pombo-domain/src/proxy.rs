//! The proxy through which an instance reaches WhatsApp.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{InstanceId, RowId};

/// A proxy as users write it; all texts, `port` included, because clients send texts.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Proxy {
    /// Whether it is used.
    pub enabled: bool,
    /// Host name or address.
    pub host: String,
    /// Port number.
    pub port: String,
    /// `http`, `https`, `socks4` or `socks5`.
    pub protocol: String,
    /// Empty when the proxy asks for none.
    pub username: String,
    /// Empty when the proxy asks for none.
    pub password: String,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Proxy")
            .field("enabled", &self.enabled)
            .field("protocol", &self.protocol)
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

/// The stored row, as `GET /proxy/find` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProxyRow {
    /// Row id.
    pub id: RowId,
    /// The proxy itself.
    #[serde(flatten)]
    pub proxy: Proxy,
    /// When the row was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Whose proxy.
    pub instance_id: InstanceId,
}

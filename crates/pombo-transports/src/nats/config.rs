use async_nats::ServerAddr;
use secrecy::{ExposeSecret, SecretString};

/// The NATS transport. Source: `NATS_*`, `POMBO_NATS_JETSTREAM`.
#[derive(Debug, Clone)]
pub struct NatsConfig {
    /// `nats://user:password@host:4222`, `tls://` for TLS; several between commas.
    pub uri: SecretString,
    /// In front of the subjects of global events.
    pub prefix: Option<String>,
    /// Whether a stream keeps the messages.
    pub jetstream: bool,
}

/// `NATS_URI` cannot be read. The text does not repeat it: it may hold a password.
#[derive(Debug, thiserror::Error)]
#[error("the address of NATS cannot be read: expected nats://user:password@host:4222")]
pub struct InvalidUri;

impl NatsConfig {
    pub(super) fn servers(&self) -> Result<Vec<ServerAddr>, InvalidUri> {
        let servers: Vec<ServerAddr> = self
            .uri
            .expose_secret()
            .split(',')
            .map(str::trim)
            .filter(|server| !server.is_empty())
            .map(str::parse)
            .collect::<Result<_, _>>()
            .map_err(|_| InvalidUri)?;
        if servers.is_empty() {
            return Err(InvalidUri);
        }
        Ok(servers)
    }
}

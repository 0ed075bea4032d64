use secrecy::SecretString;

use super::{env, reader::Reader};

/// The proxy for instances without one of their own. Source: `PROXY_*`.
#[derive(Debug, Clone)]
pub struct DefaultProxyConfig {
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// `http`, `https`, `socks4` or `socks5`.
    pub protocol: &'static str,
    /// The user.
    pub username: Option<String>,
    /// The password.
    pub password: Option<SecretString>,
}

impl DefaultProxyConfig {
    /// `None` when there is none.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let host = reader.optional_text(&env::PROXY_HOST)?;
        Some(Self {
            host,
            port: u16::try_from(reader.integer(&env::PROXY_PORT)).unwrap_or(80),
            protocol: reader.word(&env::PROXY_PROTOCOL).unwrap_or("http"),
            username: reader.optional_text(&env::PROXY_USERNAME),
            password: reader.optional_secret(&env::PROXY_PASSWORD),
        })
    }
}

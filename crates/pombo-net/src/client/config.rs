use std::fmt;
use std::time::Duration;

use crate::policy::OutboundPolicy;

/// How an [`OutboundClient`](super::OutboundClient) behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundConfig {
    /// Which addresses may be reached. Default: [`OutboundPolicy::Private`].
    pub policy: OutboundPolicy,
    /// For resolving the name, connecting and the TLS handshake together. Default 10 s.
    pub connect_timeout: Duration,
    /// For a whole request with all its redirects, up to the last byte of the answer, when the call names no time of
    /// its own. Default 30 s (`WEBHOOK_REQUEST_TIMEOUT_MS` of the original).
    pub request_timeout: Duration,
    /// Sent as `User-Agent` unless the call has its own. Default `pombo/<version>`.
    pub user_agent: String,
    /// How many redirects are followed; with 0 the redirect itself is the answer. Default 5, as in axios.
    pub max_redirects: usize,
    /// How much of an answer is kept, after decompression. Default 1 MiB.
    pub max_response_bytes: usize,
    /// Everything goes through this proxy, which then resolves the names: the policy judges the proxy's own address and
    /// addresses in URLs, and no names. For hosts that no user writes. Default: none.
    pub proxy: Option<OutboundProxy>,
}

/// A proxy.
#[derive(Clone, PartialEq, Eq)]
pub struct OutboundProxy {
    /// `http`, `https`, `socks4a` or `socks5h`.
    pub scheme: &'static str,
    /// Name or address, an IPv6 address without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
    /// User and password.
    pub login: Option<(String, String)>,
}

impl fmt::Debug for OutboundProxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}:{}", self.scheme, self.host, self.port)
    }
}

impl Default for OutboundConfig {
    fn default() -> Self {
        Self {
            policy: OutboundPolicy::default(),
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            user_agent: concat!("pombo/", env!("CARGO_PKG_VERSION")).to_owned(),
            max_redirects: 5,
            max_response_bytes: 1024 * 1024,
            proxy: None,
        }
    }
}

use super::{env, reader::Reader};

/// Requests that the server makes. Source: `POMBO_OUTBOUND_POLICY`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboundConfig {
    /// Which addresses they may reach.
    pub policy: OutboundPolicy,
}

/// Which addresses an outgoing request may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutboundPolicy {
    /// All.
    Open,
    /// All but link-local (cloud metadata), unspecified and multicast ones.
    Private,
    /// Public ones only.
    Public,
}

impl OutboundConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let policy = match reader.word(&env::POMBO_OUTBOUND_POLICY) {
            Some("open") => OutboundPolicy::Open,
            Some("public") => OutboundPolicy::Public,
            _ => OutboundPolicy::Private,
        };
        Self { policy }
    }
}

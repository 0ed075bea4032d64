//! What a channel says when it cannot do something.

use crate::instance::ChannelKind;

/// Why a channel did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ChannelError {
    /// The channel has no such thing, or is not part of this build.
    #[error("{}", not_available(*.0))]
    NotAvailable(ChannelKind),
    /// The request made no sense to the channel.
    #[error("{0}")]
    Invalid(String),
    /// What was asked for does not exist: a group, a message, a file.
    #[error("{0}")]
    NotFound(String),
    /// The network knows the request, and refused it: not an admin, blocked, too many.
    #[error("{text}")]
    Refused {
        /// The network's own code, such as 403.
        code: u16,
        /// For people.
        text: String,
    },
    /// The instance is not connected.
    #[error("Connection Closed")]
    NotConnected,
    /// The network did not answer in time; whether it acted is not known.
    #[error("{0}")]
    TimedOut(String),
    /// The network or a file failed.
    #[error("{0}")]
    Failed(String),
}

/// The documented text for what a channel cannot do.
#[must_use]
pub const fn not_available(channel: ChannelKind) -> &'static str {
    match channel {
        ChannelKind::Whatsapp => "Method not available on WhatsApp Baileys",
        ChannelKind::Cloud => "Method not available on WhatsApp Business API",
        ChannelKind::Evolution => "Method not available on Evolution Channel",
    }
}

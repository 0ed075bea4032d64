//! How far a message has got.

use serde::{Deserialize, Serialize};

/// Moves forward only, apart from `Error`, `Deleted` and `Edited`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MessageStatus {
    /// It will not arrive.
    Error,
    /// Not yet acknowledged by the network.
    Pending,
    /// The network has it.
    ServerAck,
    /// The recipient's device has it.
    DeliveryAck,
    /// The recipient saw it.
    Read,
    /// The recipient heard or watched it.
    Played,
    /// Deleted for everyone.
    Deleted,
    /// Edited by its sender.
    Edited,
}

impl MessageStatus {
    /// Every status.
    pub const ALL: [Self; 8] = [
        Self::Error,
        Self::Pending,
        Self::ServerAck,
        Self::DeliveryAck,
        Self::Read,
        Self::Played,
        Self::Deleted,
        Self::Edited,
    ];

    /// The spelling that clients use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::Pending => "PENDING",
            Self::ServerAck => "SERVER_ACK",
            Self::DeliveryAck => "DELIVERY_ACK",
            Self::Read => "READ",
            Self::Played => "PLAYED",
            Self::Deleted => "DELETED",
            Self::Edited => "EDITED",
        }
    }

    /// The status of that spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

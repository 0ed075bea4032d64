//! Who is speaking.

use super::account::AccountId;
use super::device::DeviceNumber;

/// One WebSocket connection since the simulator's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ConnectionId(pub(crate) u64);

/// A device of an account that speaks to the network: a companion over its connection, or a phone (device 0), which has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) account: AccountId,
    pub(crate) device: DeviceNumber,
    pub(crate) connection: Option<ConnectionId>,
}

impl Session {
    pub(crate) fn phone(account: AccountId) -> Self {
        Self {
            account,
            device: 0,
            connection: None,
        }
    }
}

//! One device of an account, as the network sees it: its public keys, its connection, and what waits for it.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::queue::Queue;
use super::session::ConnectionId;

/// The number of a device within its account. 0 is the phone.
pub(crate) type DeviceNumber = u16;

/// A one-time key of the pool that a device keeps at the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PreKey {
    pub(crate) id: u32,
    pub(crate) public: [u8; 32],
}

/// The signed pre-key of a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SignedPreKey {
    pub(crate) id: u32,
    pub(crate) public: [u8; 32],
    pub(crate) signature: Vec<u8>,
}

/// What a sender gets to build a session with a device.
#[derive(Debug, Clone)]
pub(crate) struct Bundle {
    pub(crate) registration_id: u32,
    pub(crate) identity: [u8; 32],
    pub(crate) signed_pre_key: SignedPreKey,
    /// Missing when the pool is exhausted: sessions can be built without.
    pub(crate) pre_key: Option<PreKey>,
    /// The companion's signed identity; the phone has none.
    pub(crate) signed_identity: Option<Vec<u8>>,
}

/// A device of an account.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Device {
    pub(crate) number: DeviceNumber,
    /// Its place in the phone's list of valid devices.
    pub(crate) key_index: u32,
    pub(crate) identity: [u8; 32],
    pub(crate) registration_id: u32,
    pub(crate) signed_pre_key: Option<SignedPreKey>,
    /// Consumed from the front.
    pub(crate) pre_keys: VecDeque<PreKey>,
    /// Set when the companion has counter-signed its identity: from then on others may know it.
    pub(crate) signed_identity: Option<Vec<u8>>,
    /// The static key of its handshakes. A login with another one is refused.
    pub(crate) noise_key: [u8; 32],
    /// What waits for the device, or was sent to it and is not acknowledged yet.
    pub(crate) queue: Queue,
    /// The phone has sent its keys and the history.
    pub(crate) bootstrapped: bool,
    /// `Some(true)` while it says that its user is looking.
    #[serde(skip)]
    pub(crate) available: Option<bool>,
    #[serde(skip)]
    pub(crate) connection: Option<ConnectionId>,
    /// It has asked for its stanzas; before that they are only queued.
    #[serde(skip)]
    pub(crate) active: bool,
    /// The end of what had waited was announced to the present connection.
    #[serde(skip)]
    pub(crate) backlog_done: bool,
    /// How much was announced to have waited.
    #[serde(skip)]
    pub(crate) backlog_announced: usize,
}

impl Device {
    /// Takes a one-time key out of the pool. `None` before the device has uploaded any keys.
    pub(crate) fn take_bundle(&mut self) -> Option<Bundle> {
        let signed_pre_key = self.signed_pre_key.clone()?;
        if self.number != 0 && self.signed_identity.is_none() {
            return None;
        }
        Some(Bundle {
            registration_id: self.registration_id,
            identity: self.identity,
            signed_pre_key,
            pre_key: self.pre_keys.pop_front(),
            signed_identity: self.signed_identity.clone(),
        })
    }

    /// Others may send to it: it is a phone, or its pairing is complete.
    pub(crate) fn is_listed(&self) -> bool {
        self.number == 0 || self.signed_identity.is_some()
    }
}

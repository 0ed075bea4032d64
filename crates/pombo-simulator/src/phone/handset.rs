//! The phone: what it remembers, and what it does when something arrives.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use wacore_libsignal::protocol::KeyPair;

use super::identity::PhoneIdentity;
use crate::network::device::{PreKey, SignedPreKey};
use crate::network::random::Random;
use crate::network::{AccountId, Device, DeviceNumber, Network};
use crate::node::Stanza;
use crate::noise::certificate::public_bytes;

/// Something for a phone to do. Done one after the other, never while the network's state is locked.
#[derive(Debug, Clone)]
pub(crate) enum Errand {
    /// A stanza was delivered to device 0.
    Receive(Stanza),
    /// A companion has asked for its stanzas for the first time and uploaded its keys: it needs the account's keys and history.
    CompanionReady(DeviceNumber),
    /// The network has few one-time keys of the phone left.
    PreKeysLow,
}

/// How many one-time keys a phone uploads at a time.
const UPLOADED_KEYS: u32 = 30;

/// A phone's memory. The public halves of its keys are at the server, in device 0.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Phone {
    account: AccountId,
    signed_pre_key: [u8; 32],
    pre_keys: BTreeMap<u32, [u8; 32]>,
}

impl Phone {
    /// A new phone, and what the network knows of it.
    pub(crate) fn new(
        account: AccountId,
        identity: &PhoneIdentity,
        random: &mut Random,
        _now: u64,
    ) -> (Self, Device) {
        let signed = random.key_pair();
        let signature = identity.sign(random, &[&signed.public_key.serialize()]);
        let mut phone = Self {
            account,
            signed_pre_key: *signed.private_key.serialize(),
            pre_keys: BTreeMap::new(),
        };
        let mut device = Device {
            number: 0,
            identity: identity.public(),
            registration_id: identity.registration_id,
            signed_pre_key: Some(SignedPreKey {
                id: 1,
                public: public_bytes(&signed),
                signature,
            }),
            bootstrapped: true,
            ..Device::default()
        };
        for _ in 0..UPLOADED_KEYS {
            device
                .pre_keys
                .push_back(phone.new_pre_key(&random.key_pair()));
        }
        (phone, device)
    }

    fn new_pre_key(&mut self, pair: &KeyPair) -> PreKey {
        let id = self
            .pre_keys
            .last_key_value()
            .map_or(1, |(last, _)| last + 1);
        self.pre_keys.insert(id, *pair.private_key.serialize());
        PreKey {
            id,
            public: public_bytes(pair),
        }
    }

    /// Does one thing.
    pub(crate) fn run(&mut self, network: &Arc<Network>, errand: Errand) {
        match errand {
            Errand::Receive(_) | Errand::CompanionReady(_) => {}
            Errand::PreKeysLow => network.with(|state| {
                for _ in 0..UPLOADED_KEYS {
                    let key = self.new_pre_key(&state.random.key_pair());
                    if let Some(device) = state.device_mut(self.account, 0) {
                        device.pre_keys.push_back(key);
                    }
                }
            }),
        }
    }
}

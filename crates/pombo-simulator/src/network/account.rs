//! One WhatsApp account: its two addresses, its phone, its companions.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use wacore_binary::{Jid, Server};

use super::business::Business;
use super::device::{Device, DeviceNumber};
use super::picture::Picture;
use super::privacy::{Blocklist, Privacy, TrustToken};
use crate::node::device_jid;
use crate::phone::{Errand, Passkey, Phone, PhoneIdentity};
use crate::stanza::app_state::Collections;
use crate::stanza::presence::Subscribers;

/// An account of this network. Small and copied freely; addresses change, this does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct AccountId(pub(crate) u32);

/// Which of an account's two addresses is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Addressing {
    /// By phone number.
    Pn,
    /// By hidden identity.
    Lid,
}

impl Addressing {
    /// The kind that an address is of.
    pub(crate) fn of(jid: &Jid) -> Self {
        if jid.server.is_lid_family() {
            Self::Lid
        } else {
            Self::Pn
        }
    }

    pub(crate) fn other(self) -> Self {
        match self {
            Self::Pn => Self::Lid,
            Self::Lid => Self::Pn,
        }
    }

    /// As the attribute `addressing_mode` says it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pn => "pn",
            Self::Lid => "lid",
        }
    }
}

/// Everything the network knows about one account.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) id: AccountId,
    /// Digits only.
    pub(crate) phone_number: String,
    /// Digits only: the user part of the account's LID.
    pub(crate) lid: String,
    pub(crate) name: String,
    /// The "about" text, and when it was set (seconds).
    pub(crate) about: String,
    pub(crate) about_at: u64,
    /// The keys that make this phone the owner of its companions.
    pub(crate) identity: PhoneIdentity,
    /// Device 0 is the phone.
    pub(crate) devices: BTreeMap<DeviceNumber, Device>,
    pub(crate) next_device: DeviceNumber,
    /// When the list of devices last changed (seconds): part of the signed list.
    pub(crate) devices_changed_at: u64,
    pub(crate) collections: Collections,
    /// When somebody was last looking (seconds).
    pub(crate) last_seen: Option<u64>,
    /// Accounts that it has exchanged something with: they learn of its changes, and it of theirs.
    pub(crate) contacts: BTreeSet<AccountId>,
    /// Who gets its status messages.
    pub(crate) status_audience: BTreeMap<AccountId, Addressing>,
    #[serde(skip)]
    pub(crate) subscribers: Subscribers,
    /// Who is in its address book: what it shows to "contacts" is shown to them.
    #[serde(default)]
    pub(crate) address_book: BTreeSet<AccountId>,
    #[serde(default)]
    pub(crate) privacy: Privacy,
    #[serde(default)]
    pub(crate) blocklist: Blocklist,
    /// Tokens of trust that it gave to others.
    #[serde(default)]
    pub(crate) tokens_given: BTreeMap<AccountId, TrustToken>,
    #[serde(default)]
    pub(crate) picture: Option<Picture>,
    /// After how many seconds messages of new chats disappear (0: never), and since when that is so.
    #[serde(default)]
    pub(crate) disappearing: (u32, u64),
    /// Guards the account: clients are asked for it before they are linked.
    #[serde(default)]
    pub(crate) passkey: Option<Passkey>,
    /// Set for business accounts.
    #[serde(default)]
    pub(crate) business: Option<Business>,
    /// The phone's own memory. Its lock is never taken while the state is locked, so it is written to the state's file apart.
    #[serde(serialize_with = "apart")]
    pub(crate) phone: Arc<Mutex<Phone>>,
    /// What the phone has still to do, in order.
    #[serde(skip)]
    pub(crate) errands: VecDeque<Errand>,
    /// A task is working on the errands.
    #[serde(skip)]
    pub(crate) phone_busy: bool,
}

fn apart<S: serde::Serializer>(_: &Arc<Mutex<Phone>>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_unit()
}

impl Account {
    /// The account's address.
    pub(crate) fn jid(&self, addressing: Addressing) -> Jid {
        self.device_jid(addressing, 0)
    }

    /// The address of one of its devices.
    pub(crate) fn device_jid(&self, addressing: Addressing, device: DeviceNumber) -> Jid {
        match addressing {
            Addressing::Pn => device_jid(&self.phone_number, device, Server::Pn),
            Addressing::Lid => device_jid(&self.lid, device, Server::Lid),
        }
    }

    /// Companions, without the phone.
    pub(crate) fn companions(&self) -> impl Iterator<Item = &Device> {
        self.devices.values().filter(|device| device.number != 0)
    }

    /// Somebody is looking, on any of its devices.
    pub(crate) fn is_available(&self) -> bool {
        self.devices
            .values()
            .any(|device| device.available == Some(true))
    }

    /// The list of valid devices, signed by the phone, as directories hand it out.
    pub(crate) fn signed_device_list(&self) -> Vec<u8> {
        let valid: Vec<u32> = self
            .devices
            .values()
            .filter(|device| device.is_listed())
            .map(|device| device.key_index)
            .collect();
        let current = u32::from(self.next_device.saturating_sub(1));
        self.identity
            .sign_device_list(self.devices_changed_at, current, valid)
    }
}

//! Whose phone it is, what it is linked with, and whether it has a network.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wacore_binary::Jid;

use super::super::error::PhoneError;
use super::super::habits::Habits;
use super::super::handset::Phone;
use super::super::identity::PhoneIdentity;
use super::super::signal::Signal;
use crate::network::{AccountId, Addressing, Network};
use crate::node::node;
use crate::stanza::{companion, link_code, pair_device};

/// A handle to the phone of one account. Clones are handles to the same phone.
///
/// Chats are named by address (`5511999990000@s.whatsapp.net`, `...@g.us`, `status@broadcast`) or, for people, by number
/// alone. What it does has reached the network when the call returns; what it causes there comes later, so wait for it.
#[derive(Clone)]
pub struct VirtualPhone {
    pub(super) network: Arc<Network>,
    pub(super) account: AccountId,
    pub(super) phone: Arc<Mutex<Phone>>,
}

impl std::fmt::Debug for VirtualPhone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VirtualPhone")
            .field("number", &self.number())
            .finish_non_exhaustive()
    }
}
impl VirtualPhone {
    /// The phone of an account; `None` when there is no such account. Not to be called with the state in hand.
    pub(crate) fn of(network: &Arc<Network>, account: AccountId) -> Option<Self> {
        let phone = network.with(|state| {
            let account = state.account(account)?;
            Some(Arc::clone(&account.phone))
        })?;
        Some(Self {
            network: Arc::clone(network),
            account,
            phone,
        })
    }

    /// Its number, digits only.
    pub fn number(&self) -> String {
        self.network.with(|state| {
            let account = state.account(self.account);
            account
                .map(|account| account.phone_number.clone())
                .unwrap_or_default()
        })
    }

    /// Its address by phone number.
    pub fn jid(&self) -> String {
        self.jid_by(Addressing::Pn).to_string()
    }

    /// Its hidden address.
    pub fn lid(&self) -> String {
        self.jid_by(Addressing::Lid).to_string()
    }

    pub(super) fn jid_by(&self, addressing: Addressing) -> Jid {
        self.network.with(|state| {
            let account = state.account(self.account);
            account
                .map(|account| account.jid(addressing))
                .unwrap_or_default()
        })
    }

    /// Scans the QR code of a client: links it. Returns the new companion's number.
    pub fn scan(&self, qr: &str) -> Result<u16, PhoneError> {
        self.online()?;
        Ok(self
            .network
            .with(|state| pair_device::scan(state, self.account, qr))?)
    }

    /// Types the 8-character code that a client shows: links it. Only the client notices that a code is wrong.
    pub async fn type_code(&self, code: &str) -> Result<(), PhoneError> {
        self.online()?;
        Ok(link_code::type_code(&self.network, &self.number(), code).await?)
    }

    /// The numbers of the linked companions.
    pub fn companions(&self) -> Vec<u16> {
        self.network
            .with(|state| state.companion_numbers(self.account))
    }

    /// Unlinks a companion. False when there is no such companion.
    pub fn unlink(&self, companion: u16) -> Result<bool, PhoneError> {
        self.online()?;
        Ok(self
            .network
            .with(|state| companion::unlink(state, self.account, companion)))
    }

    /// What it does by itself.
    pub fn habits(&self) -> Habits {
        self.lock().habits.clone()
    }

    /// Changes what it does by itself.
    pub fn set_habits(&self, change: impl FnOnce(&mut Habits)) {
        change(&mut self.lock().habits);
    }

    /// Loses its network: it neither gets nor sends anything until [`VirtualPhone::go_online`].
    pub fn go_offline(&self) {
        self.lock().online = false;
    }

    /// Has a network again, and gets what has waited.
    pub fn go_online(&self) {
        self.lock().come_online(&self.network);
    }

    /// Whether it has a network.
    pub fn is_online(&self) -> bool {
        self.lock().online
    }

    /// The app is installed anew: new keys, no companions, and everybody who knows the account is told that its security code
    /// changed. What it shows stays, as after restoring a backup.
    pub fn reinstall(&self) -> Result<(), PhoneError> {
        let mut phone = self.lock();
        if !phone.online {
            return Err(PhoneError::Offline);
        }
        self.network.with(|state| {
            for companion in state.companion_numbers(self.account) {
                companion::unlink(state, self.account, companion);
            }
            let now = state.clock.now();
            let identity = PhoneIdentity::generate(&mut state.random);
            phone.signal = Signal::new(&identity, now, state.random.below(u64::MAX));
            let device = phone.published(identity.registration_id);
            if let Some(account) = state.account_mut(self.account) {
                account.identity = identity;
                account.devices.insert(0, device);
                account.devices_changed_at = now;
            }
            let Some(from) = state
                .account(self.account)
                .map(|account| account.jid(Addressing::Pn))
            else {
                return;
            };
            for other in state.acquaintances(self.account) {
                let notification = node("notification")
                    .attr("from", from.clone())
                    .attr("type", "encrypt")
                    .attr("id", state.stanza_id())
                    .attr("t", now)
                    .children([node("identity").build()])
                    .build();
                let notification = Arc::new(notification);
                state.deliver_to_companions(other, None, Arc::clone(&notification));
                state.deliver(other, 0, notification);
            }
        });
        phone.changed();
        Ok(())
    }

    pub(super) fn online(&self) -> Result<(), PhoneError> {
        if self.is_online() {
            Ok(())
        } else {
            Err(PhoneError::Offline)
        }
    }

    /// The phone's memory. Never to be taken with the network's state in hand.
    pub(super) fn lock(&self) -> MutexGuard<'_, Phone> {
        self.phone.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The address of a chat: as it is written, or of a person's number.
pub(super) fn address(text: &str) -> Result<Jid, PhoneError> {
    let not_an_address = || PhoneError::NotAnAddress(text.to_owned());
    if text.contains('@') {
        return text.parse().map_err(|_| not_an_address());
    }
    let number = text.trim_start_matches('+');
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(not_an_address());
    }
    Ok(Jid::pn(number))
}

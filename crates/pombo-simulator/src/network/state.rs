//! All that the network knows, behind one lock.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use wacore_binary::Jid;
use wacore_binary::Node;

use super::account::{Account, AccountId, Addressing};
use super::clock::Clock;
use super::device::{Device, DeviceNumber};
use super::group::Group;
use super::newsletter::Newsletter;
use super::random::Random;
use super::session::{ConnectionId, Session};
use super::settings::Settings;
use super::shared::Network;
use super::strict::Violation;
use crate::connection::Connection;
use crate::media::MediaStore;
use crate::node::print;
use crate::phone::{Errand, Phone, PhoneIdentity};
use crate::stanza::link_code::LinkCodes;
use crate::stanza::spam::SpamReport;

/// Work that starts when the lock is free.
pub(crate) type Later = Box<dyn FnOnce(&Arc<Network>) + Send>;

/// A client that goes on and on is not worth more.
const REMEMBERED_VIOLATIONS: usize = 1000;

/// Accounts, groups, connections.
pub(crate) struct State {
    pub(crate) accounts: BTreeMap<AccountId, Account>,
    /// User parts of addresses (phone numbers and LIDs).
    pub(crate) directory: HashMap<String, AccountId>,
    /// By the user part of their addresses.
    pub(crate) groups: BTreeMap<String, Group>,
    /// By the user part of their addresses.
    pub(crate) newsletters: BTreeMap<String, Newsletter>,
    /// Experiment switches that clients ask for (`abt`): code and value.
    pub(crate) props: BTreeMap<u32, String>,
    /// Messages that were reported as spam.
    pub(crate) spam_reports: Vec<SpamReport>,
    pub(crate) connections: HashMap<ConnectionId, Connection>,
    pub(crate) link_codes: LinkCodes,
    pub(crate) random: Random,
    pub(crate) clock: Clock,
    pub(crate) settings: Settings,
    /// Files beside the stanzas.
    pub(crate) media: Arc<MediaStore>,
    pub(crate) violations: Vec<Violation>,
    /// What a phone's own request was answered with; see [`Network::send_from_phone`].
    pub(super) phone_answers: Vec<Node>,
    pub(super) later: Vec<Later>,
    next_account: u32,
    next_connection: u64,
    next_stanza: u64,
}

impl State {
    pub(crate) fn new(settings: Settings, clock: Clock, mut random: Random) -> Self {
        let media = MediaStore::new(settings.media.clone(), random.bytes(), clock.clone());
        Self {
            accounts: BTreeMap::new(),
            directory: HashMap::new(),
            groups: BTreeMap::new(),
            newsletters: BTreeMap::new(),
            props: BTreeMap::new(),
            spam_reports: Vec::new(),
            connections: HashMap::new(),
            link_codes: LinkCodes::default(),
            random,
            clock,
            settings,
            media: Arc::new(media),
            violations: Vec::new(),
            phone_answers: Vec::new(),
            later: Vec::new(),
            next_account: 1,
            next_connection: 1,
            next_stanza: 1,
        }
    }

    /// The next account's number and the next stanza's, for a state that goes on later.
    pub(crate) fn counters(&self) -> (u32, u64) {
        (self.next_account, self.next_stanza)
    }

    /// Goes on where another state stopped.
    pub(crate) fn set_counters(&mut self, next_account: u32, next_stanza: u64) {
        self.next_account = next_account;
        self.next_stanza = next_stanza;
    }

    /// Adds an account with a phone. The one of that number, if there is one, is returned unchanged.
    pub(crate) fn add_account(&mut self, phone_number: &str, name: &str) -> AccountId {
        if let Some(known) = self.directory.get(phone_number) {
            return *known;
        }
        let id = AccountId(self.next_account);
        self.next_account += 1;
        let lid = loop {
            let lid = format!("1{:014}", self.random.below(100_000_000_000_000));
            if !self.directory.contains_key(&lid) {
                break lid;
            }
        };
        let now = self.clock.now();
        let identity = PhoneIdentity::generate(&mut self.random);
        let (mut phone, device) = Phone::new(id, &identity, &mut self.random, now);
        let collections = phone.first_settings(name, now);
        self.directory.insert(phone_number.to_owned(), id);
        self.directory.insert(lid.clone(), id);
        self.accounts.insert(
            id,
            Account {
                id,
                phone_number: phone_number.to_owned(),
                lid,
                name: name.to_owned(),
                about: "Hey there! I am using WhatsApp.".to_owned(),
                about_at: now,
                identity,
                devices: BTreeMap::from([(0, device)]),
                next_device: 1,
                devices_changed_at: now,
                collections,
                last_seen: None,
                subscribers: Default::default(),
                contacts: BTreeSet::new(),
                status_audience: BTreeMap::new(),
                address_book: Default::default(),
                privacy: Default::default(),
                blocklist: Default::default(),
                tokens_given: Default::default(),
                picture: None,
                disappearing: (0, now),
                passkey: None,
                business: None,
                phone: Arc::new(std::sync::Mutex::new(phone)),
                errands: Default::default(),
                phone_busy: false,
            },
        );
        id
    }

    /// A phone number that nobody has.
    pub(crate) fn unused_number(&mut self) -> String {
        loop {
            let number = format!("55119{:08}", self.random.below(100_000_000));
            if !self.directory.contains_key(&number) {
                return number;
            }
        }
    }

    /// Closes an account. Its companions have been unlinked before; its id is not given again.
    pub(crate) fn remove_account(&mut self, id: AccountId) {
        self.accounts.remove(&id);
        self.directory.retain(|_, owner| *owner != id);
        for group in self.groups.values_mut() {
            group.members.remove(&id);
        }
    }

    /// The account that an address belongs to, by phone number or by LID.
    pub(crate) fn resolve(&self, jid: &Jid) -> Option<AccountId> {
        let id = *self.directory.get(jid.user.as_str())?;
        let account = self.accounts.get(&id)?;
        let own = match Addressing::of(jid) {
            Addressing::Pn => &account.phone_number,
            Addressing::Lid => &account.lid,
        };
        (own == jid.user.as_str()).then_some(id)
    }

    /// The account of a phone number (digits).
    pub(crate) fn account_of(&self, phone_number: &str) -> Option<&Account> {
        self.accounts.get(self.directory.get(phone_number)?)
    }

    pub(crate) fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get(&id)
    }

    pub(crate) fn account_mut(&mut self, id: AccountId) -> Option<&mut Account> {
        self.accounts.get_mut(&id)
    }

    pub(crate) fn device(&self, account: AccountId, device: DeviceNumber) -> Option<&Device> {
        self.accounts.get(&account)?.devices.get(&device)
    }

    pub(crate) fn device_mut(
        &mut self,
        account: AccountId,
        device: DeviceNumber,
    ) -> Option<&mut Device> {
        self.accounts.get_mut(&account)?.devices.get_mut(&device)
    }

    /// The companions of an account, for what has to be told to all of them.
    pub(crate) fn companion_numbers(&self, account: AccountId) -> Vec<DeviceNumber> {
        self.accounts
            .get(&account)
            .map(|account| account.companions().map(|device| device.number).collect())
            .unwrap_or_default()
    }

    /// Who has to know when something about an account changes: whoever has written to it or got something from it, or is in a
    /// group with it.
    pub(crate) fn acquaintances(&self, id: AccountId) -> Vec<AccountId> {
        let mut known: BTreeSet<AccountId> = self
            .account(id)
            .map(|account| account.contacts.clone())
            .unwrap_or_default();
        for group in self.groups.values() {
            if group.members.contains_key(&id) {
                known.extend(group.members.keys());
            }
        }
        known.remove(&id);
        known.into_iter().collect()
    }

    /// Two accounts know each other from now on.
    pub(crate) fn acquaint(&mut self, one: AccountId, other: AccountId) {
        for (account, contact) in [(one, other), (other, one)] {
            if let Some(account) = self.accounts.get_mut(&account) {
                account.contacts.insert(contact);
            }
        }
    }

    /// A fresh id for a stanza of the server.
    pub(crate) fn stanza_id(&mut self) -> String {
        let number = self.next_stanza;
        self.next_stanza += 1;
        format!("{number}")
    }

    pub(crate) fn next_connection(&mut self) -> ConnectionId {
        let number = self.next_connection;
        self.next_connection += 1;
        ConnectionId(number)
    }

    /// Work for when the lock is free: tasks, timers, phones.
    pub(crate) fn later(&mut self, work: impl FnOnce(&Arc<Network>) + Send + 'static) {
        self.later.push(Box::new(work));
    }

    /// Something for the account's phone to do, after what it has to do already.
    pub(crate) fn errand(&mut self, id: AccountId, errand: Errand) {
        let Some(account) = self.accounts.get_mut(&id) else {
            return;
        };
        account.errands.push_back(errand);
        if !account.phone_busy {
            account.phone_busy = true;
            self.later(move |network| network.run_errands(id));
        }
    }

    /// Remembers a stanza that should not have come. In strict mode this fails the test.
    pub(crate) fn violation(&mut self, from: Option<&Session>, reason: String, stanza: &Node) {
        let sender = from
            .and_then(|from| {
                let account = self.accounts.get(&from.account)?;
                Some(format!("{}:{}", account.phone_number, from.device))
            })
            .unwrap_or_default();
        tracing::warn!(%reason, %sender, stanza = print(stanza), "not known here");
        if self.violations.len() < REMEMBERED_VIOLATIONS {
            self.violations.push(Violation {
                reason,
                sender,
                stanza: print(stanza),
            });
        }
    }
}

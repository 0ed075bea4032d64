//! The phone: what it remembers, and what it does when something arrives.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use wacore_binary::{Jid, Node, Server};
use waproto::whatsapp as wa;

use super::app_state::{AppState, Change};
use super::error::PhoneError;
use super::habits::Habits;
use super::history::HistorySettings;
use super::identity::PhoneIdentity;
use super::media::stored;
use super::signal::{PeerAddress, Signal, key_bytes};
use super::view::secrets::Addresses;
use super::view::{ShownMessage, View};
use crate::network::random::Random;
use crate::network::{AccountId, Addressing, Device, DeviceNumber, Network, State};
use crate::node::{NodeExt as _, Stanza, node};
use crate::stanza::app_state::Collections;

/// Something for a phone to do. Done one after the other, never while the network's state is locked.
#[derive(Debug, Clone)]
pub(crate) enum Errand {
    /// A stanza was delivered to device 0.
    Receive(Stanza),
    /// A companion has asked for its stanzas for the first time and uploaded its keys: it needs the account's keys and history.
    CompanionReady(DeviceNumber),
    /// The network has few one-time keys of the phone left.
    PreKeysLow,
    /// A companion has changed settings of the account.
    SettingsChanged,
}

/// How many one-time keys a new phone has at the server: few, since making them is what costs most in a new account.
const FIRST_KEYS: u32 = 12;
/// How many it uploads when few are left.
const UPLOADED_KEYS: u32 = 30;
/// Sent messages that a phone keeps, in case that somebody asks for one again.
const KEPT_SENT: usize = 1000;
/// Files that it can upload once more.
const KEPT_FILES: usize = 500;
/// Messages that wait to be asked for by [`super::VirtualPhone::next_message`]; the oldest are dropped.
const KEPT_ARRIVALS: usize = 10_000;

/// A phone's memory. The public halves of its keys are at the server, in device 0.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Phone {
    pub(super) account: AccountId,
    pub(super) signal: Signal,
    pub(super) app_state: AppState,
    pub(super) view: View,
    pub(super) habits: Habits,
    pub(super) history: HistorySettings,
    pub(super) online: bool,
    pub(super) sent: VecDeque<SentMessage>,
    /// How often a message was asked for again, by chat and id.
    pub(super) retries: BTreeMap<String, u8>,
    /// What waits while it is offline.
    #[serde(skip)]
    pub(super) held: VecDeque<Errand>,
    /// New messages of others that nobody has asked for yet.
    #[serde(skip)]
    pub(super) arrivals: VecDeque<ShownMessage>,
    /// Encrypted files that it has sent or received, oldest first, by hash: it can upload them once more.
    #[serde(skip)]
    pub(super) files: VecDeque<(Vec<u8>, bytes::Bytes)>,
    /// Counts changes of what it shows.
    #[serde(skip)]
    pub(super) changes: watch::Sender<u64>,
}

/// A message that may be asked for again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SentMessage {
    pub(super) id: String,
    pub(super) to: String,
    #[serde(with = "super::view::message::encoded")]
    pub(super) content: wa::Message,
    /// To the account's own companions, about itself.
    pub(super) peer: bool,
}

impl Phone {
    /// A new phone, and what the network knows of it.
    pub(crate) fn new(
        account: AccountId,
        identity: &PhoneIdentity,
        random: &mut Random,
        now: u64,
    ) -> (Self, Device) {
        let mut signal = Signal::new(identity, now, random.below(u64::MAX));
        let app_state = AppState::new(signal.random(), now);
        let mut phone = Self {
            account,
            signal,
            app_state,
            view: View::default(),
            habits: Habits::default(),
            history: HistorySettings::default(),
            online: true,
            sent: VecDeque::new(),
            retries: BTreeMap::new(),
            held: VecDeque::new(),
            arrivals: VecDeque::new(),
            files: VecDeque::new(),
            changes: watch::Sender::default(),
        };
        let device = phone.published(identity.registration_id);
        (phone, device)
    }

    /// Device 0 as the network keeps it, with fresh keys.
    pub(super) fn published(&mut self, registration_id: u32) -> Device {
        let mut device = Device {
            number: 0,
            identity: key_bytes(self.signal.identity()),
            registration_id,
            signed_pre_key: Some(self.signal.signed_pre_key()),
            bootstrapped: true,
            ..Device::default()
        };
        for _ in 0..FIRST_KEYS {
            device.pre_keys.push_back(self.signal.new_pre_key());
        }
        device
    }

    /// The settings that a new account has before any companion is linked: its name.
    pub(crate) fn first_settings(&mut self, name: &str, now: u64) -> Collections {
        let encoded = Change::PushName(name.to_owned()).encode();
        let now_ms = i64::try_from(now * 1000).unwrap_or(i64::MAX);
        let collection = encoded.collection;
        let patch = self
            .app_state
            .patch(self.signal.random(), collection, &[encoded], now_ms);
        let mut collections = Collections::new();
        collections
            .entry(collection.to_owned())
            .or_default()
            .append(patch);
        collections
    }

    /// Does one thing; later, when the phone is offline.
    pub(crate) fn run(&mut self, network: &Arc<Network>, errand: Errand) {
        if !self.online {
            if self.held.len() < KEPT_ARRIVALS && is_kept(&errand) {
                self.held.push_back(errand);
            }
            return;
        }
        match errand {
            Errand::Receive(stanza) => self.receive(network, &stanza),
            Errand::CompanionReady(device) => self.bootstrap(network, device),
            Errand::PreKeysLow => network.with(|state| {
                for _ in 0..UPLOADED_KEYS {
                    let key = self.signal.new_pre_key();
                    if let Some(device) = state.device_mut(self.account, 0) {
                        device.pre_keys.push_back(key);
                    }
                }
            }),
            Errand::SettingsChanged => network.with(|state| self.read_settings(state)),
        }
        self.changed();
    }

    /// Whoever waits for something on the screen looks again.
    pub(super) fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// Goes on with what has waited, as a phone that has found its network again.
    pub(super) fn come_online(&mut self, network: &Arc<Network>) {
        self.online = true;
        while let Some(errand) = self.held.pop_front() {
            self.run(network, errand);
        }
        self.changed();
    }

    pub(super) fn own(&self, device: DeviceNumber) -> PeerAddress {
        PeerAddress::new(self.account, device)
    }

    pub(super) fn own_addresses(&self, network: &Arc<Network>) -> Addresses {
        network.with(|state| addresses(state, self.account))
    }

    /// A message that came, or that a companion or the phone itself has sent.
    pub(super) fn shown(&self, chat: &str, id: &str) -> Result<&ShownMessage, PhoneError> {
        self.view
            .message(chat, id)
            .ok_or_else(|| PhoneError::NoMessage {
                chat: chat.to_owned(),
                id: id.to_owned(),
            })
    }

    pub(super) fn remember_sent(&mut self, message: SentMessage) {
        if self.sent.len() >= KEPT_SENT {
            self.sent.pop_front();
        }
        self.sent.push_back(message);
    }

    /// Keeps an encrypted file, when it is in the store.
    pub(super) fn keep_file(&mut self, network: &Network, direct_path: &str, hash: &[u8]) {
        let Some(bytes) = stored(network, direct_path) else {
            return;
        };
        if self.files.len() >= KEPT_FILES {
            self.files.pop_front();
        }
        self.files.push_back((hash.to_vec(), bytes));
    }

    pub(super) fn kept_file(&self, hash: &[u8]) -> Option<bytes::Bytes> {
        let kept = self.files.iter().rev().find(|(known, _)| known == hash);
        kept.map(|(_, bytes)| bytes.clone())
    }

    pub(super) fn remember_arrival(&mut self, message: ShownMessage) {
        if self.arrivals.len() >= KEPT_ARRIVALS {
            self.arrivals.pop_front();
        }
        self.arrivals.push_back(message);
    }

    /// A message id, as phones make them.
    pub(super) fn new_id(&mut self) -> String {
        use rand::RngExt as _;
        let bytes: [u8; 9] = self.signal.random().random();
        let digits: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        format!("3A{digits}")
    }

    /// Sends a stanza, and gives what the network said to it.
    pub(super) fn tell(
        &self,
        network: &Arc<Network>,
        stanza: Node,
    ) -> Result<Vec<Node>, PhoneError> {
        if !self.online {
            return Err(PhoneError::Offline);
        }
        Ok(network.send_from_phone(self.account, stanza))
    }

    /// Asks the network something, and gives the answer's children.
    pub(super) fn ask(
        &mut self,
        network: &Arc<Network>,
        namespace: &'static str,
        kind: &'static str,
        to: Jid,
        content: Vec<Node>,
    ) -> Result<Node, PhoneError> {
        let id = self.new_id();
        self.request(network, namespace, kind, to, None, content, &id)
    }

    pub(super) fn request(
        &mut self,
        network: &Arc<Network>,
        namespace: &'static str,
        kind: &'static str,
        to: Jid,
        target: Option<Jid>,
        content: Vec<Node>,
        id: &str,
    ) -> Result<Node, PhoneError> {
        let mut request = node("iq")
            .attr("to", to)
            .attr("xmlns", namespace)
            .attr("type", kind)
            .attr("id", id);
        if let Some(target) = target {
            request = request.attr("target", target);
        }
        let answers = self.tell(network, request.children(content).build())?;
        let answer = answers
            .into_iter()
            .find(|answer| answer.tag == "iq" && answer.text("id") == id)
            .ok_or(PhoneError::NoAnswer)?;
        match answer.child("error") {
            Some(error) if answer.text("type") == "error" => Err(PhoneError::Refused {
                code: error.parsed("code").unwrap_or(0),
                text: error.text("text").into_owned(),
            }),
            _ => Ok(answer),
        }
    }
}

/// What only matters at the moment is not kept for a phone that is away.
fn is_kept(errand: &Errand) -> bool {
    match errand {
        Errand::Receive(stanza) => !matches!(stanza.tag.as_ref(), "presence" | "chatstate"),
        Errand::CompanionReady(_) | Errand::PreKeysLow | Errand::SettingsChanged => true,
    }
}

/// The two addresses of an account.
pub(super) fn addresses(state: &State, account: AccountId) -> Addresses {
    let account = state.account(account);
    let address = |addressing| {
        account
            .map(|account| account.jid(addressing).to_string())
            .unwrap_or_default()
    };
    Addresses {
        pn: address(Addressing::Pn),
        lid: address(Addressing::Lid),
    }
}

/// The address of the chat that belongs to an address: by phone number, without device. Of groups and the like: itself.
pub(super) fn chat_of(state: &State, jid: &Jid) -> String {
    match jid.server {
        Server::Pn | Server::Lid => match state.resolve(jid) {
            Some(account) => addresses(state, account).pn,
            None => jid.to_non_ad().to_string(),
        },
        _ => jid.to_non_ad().to_string(),
    }
}

/// The same for an address that is text.
pub(super) fn chat_named(state: &State, jid: &str) -> String {
    jid.parse::<Jid>()
        .map_or_else(|_| jid.to_owned(), |jid| chat_of(state, &jid))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phone::content;
    use crate::phone::view::MessageStatus;
    use crate::phone::view::apply::Arrival;

    fn phone() -> Phone {
        let mut random = Random::seeded(3);
        let identity = PhoneIdentity::generate(&mut random);
        Phone::new(AccountId(1), &identity, &mut random, 1_700_000_000).0
    }

    #[test]
    fn a_phone_that_was_saved_shows_and_knows_what_it_did_before() {
        let mut phone = phone();
        let collections = phone.first_settings("Anna", 1_700_000_000);
        assert_eq!(collections["critical_block"].version, 1);
        let sender = Addresses {
            pn: "5511900000002@s.whatsapp.net".to_owned(),
            lid: "100000000000002@lid".to_owned(),
        };
        phone.view.apply(Arrival {
            chat: sender.pn.clone(),
            id: "3A01".to_owned(),
            from_me: false,
            sender,
            device: 0,
            name: "Bert".to_owned(),
            timestamp: 1_700_000_001,
            content: content::text("hello"),
            status: MessageStatus::Delivered,
            has_biz_node: false,
        });
        phone.habits.reads = true;
        let saved = serde_json::to_string(&phone).expect("save");
        let restored: Phone = serde_json::from_str(&saved).expect("restore");
        let chat = restored.view.chat("5511900000002@s.whatsapp.net");
        assert_eq!(chat.expect("the chat").texts(), ["hello"]);
        assert_eq!(restored.app_state.version("critical_block"), 1);
        assert_eq!(restored.habits, phone.habits);
        assert_eq!(restored.signal.identity(), phone.signal.identity());
    }

    #[test]
    fn a_new_phone_has_few_keys_at_the_server() {
        let device = phone().published(7);
        assert_eq!(device.pre_keys.len(), FIRST_KEYS as usize);
        assert_eq!(device.registration_id, 7);
    }
}

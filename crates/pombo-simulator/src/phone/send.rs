//! What a phone sends: messages to everybody, peer messages to its own companions, receipts, chat states.

use std::collections::BTreeSet;
use std::sync::Arc;

use wacore::iq::tctoken::compute_cs_token;
use wacore::types::message::EditAttribute;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node, Server};
use waproto::buffa::Message as _;
use waproto::whatsapp as wa;

use super::content;
use super::error::PhoneError;
use super::handset::{Phone, SentMessage, addresses, chat_of};
use super::signal::{Ciphertext, PeerAddress};
use super::view::MessageStatus;
use super::view::apply::Arrival;
use super::view::message::{base, poll_of, secret_of};
use crate::network::{AccountId, Addressing, DeviceNumber, Network, State};
use crate::node::{NodeExt as _, node};
use crate::stanza::encrypt::take_bundle;

/// How a message is sent, when not as usual.
#[derive(Debug, Clone, Default)]
pub struct SendOptions {
    /// An id of one's own.
    pub id: Option<String>,
    /// Nodes beside the message, such as `biz`.
    pub extra: Vec<Node>,
    /// Who sees a status, by address. Without it: everybody in the address book.
    pub status_viewers: Option<Vec<String>>,
}

/// A message that the network has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentBy {
    /// Its id.
    pub id: String,
    /// The chat that it is in, by phone-number address.
    pub chat: String,
}

/// Everybody who gets a message.
struct Audience {
    addressing: Addressing,
    /// Devices with the addresses that are used for them.
    devices: Vec<(PeerAddress, Jid)>,
    /// Companions of the sender itself.
    own: Vec<(PeerAddress, Jid)>,
}

impl Phone {
    /// Encrypts a message for everybody in a chat, sends it, and shows it.
    pub(super) fn send(
        &mut self,
        network: &Arc<Network>,
        to: &Jid,
        content: wa::Message,
        options: SendOptions,
    ) -> Result<SentBy, PhoneError> {
        if !self.online {
            return Err(PhoneError::Offline);
        }
        let content = self.secured(content);
        let to = self.written_to(network, to);
        let id = options.id.unwrap_or_else(|| self.new_id());
        let chat = network.with(|state| chat_of(state, &to));
        let mut message = stanza_start(&to, &id, &content);
        let mut children = if to.server == Server::Newsletter {
            vec![post(&content)]
        } else {
            let viewers = options.status_viewers;
            let audience = network.with(|state| self.audience(state, &to, viewers.as_deref()))?;
            if to.server == Server::Group {
                message = message.attr("addressing_mode", audience.addressing.as_str());
            }
            if matches!(to.server, Server::Group | Server::Broadcast) {
                self.for_all(network, &to, &audience, &content)?
            } else {
                let mut children = self.for_each(network, &to, &audience, &content)?;
                children.extend(network.with(|state| self.token(state, &to)));
                children
            }
        };
        children.extend(options.extra);
        let stanza = message.children(children).build();
        self.remember_sent(SentMessage {
            id: id.clone(),
            to: to.to_string(),
            content: content.clone(),
            peer: false,
        });
        let answers = self.tell(network, stanza)?;
        let refused = refusal(&answers);
        let (sender, timestamp) = network.with(|state| {
            let sender = addresses(state, self.account);
            (sender, state.clock.now())
        });
        self.view.apply(Arrival {
            chat: chat.clone(),
            id: id.clone(),
            from_me: true,
            sender,
            device: 0,
            name: String::new(),
            timestamp,
            content,
            status: match refused {
                Some(_) => MessageStatus::Failed,
                None => MessageStatus::Sent,
            },
            has_biz_node: false,
        });
        self.changed();
        match refused {
            Some(error) => Err(error),
            None => Ok(SentBy { id, chat }),
        }
    }

    /// Polls and events cannot be answered without a secret.
    fn secured(&mut self, content: wa::Message) -> wa::Message {
        let inner = base(&content);
        let is_needed = poll_of(&content).is_some() || inner.event_message.is_set();
        let is_wanted = self.habits.secrets && !inner.protocol_message.is_set();
        if secret_of(&content).is_some() || !(is_needed || is_wanted) {
            return content;
        }
        use rand::RngExt as _;
        content::with_secret(content, self.signal.random().random())
    }

    /// The address that a direct message is written to.
    fn written_to(&self, network: &Arc<Network>, to: &Jid) -> Jid {
        if !self.habits.writes_to_lids || to.server != Server::Pn {
            return to.clone();
        }
        let lid = network.with(|state| {
            let account = state.resolve(to)?;
            Some(state.account(account)?.jid(Addressing::Lid))
        });
        lid.unwrap_or_else(|| to.clone())
    }

    /// What shows that the phone is no stranger to whoever it writes to: the token that it was given, or one that it derives.
    fn token(&self, state: &State, to: &Jid) -> Option<Node> {
        let recipient = state.account(state.resolve(to)?)?;
        if let Some(token) = recipient.tokens_given.get(&self.account) {
            return Some(node("tctoken").bytes(token.bytes.clone()).build());
        }
        let salt = &state.account(self.account)?.privacy.nct_salt;
        let lid = recipient.jid(Addressing::Lid).to_string();
        let token = (!salt.is_empty()).then(|| compute_cs_token(salt, &lid))?;
        Some(node("cstoken").bytes(token.to_vec()).build())
    }

    fn audience(
        &self,
        state: &State,
        to: &Jid,
        viewers: Option<&[String]>,
    ) -> Result<Audience, PhoneError> {
        let unknown = || PhoneError::Unknown(to.to_string());
        let devices_of = |account: AccountId, addressing: Addressing| {
            let account = state.account(account);
            let devices = account.into_iter().flat_map(move |account| {
                let listed = account.devices.values().filter(|device| device.is_listed());
                listed.map(move |device| {
                    let jid = account.device_jid(addressing, device.number);
                    (PeerAddress::new(account.id, device.number), jid)
                })
            });
            let own = self.own(0);
            devices.filter(move |(device, _)| *device != own)
        };
        match to.server {
            Server::Pn | Server::Lid => {
                let account = state.resolve(to).ok_or_else(unknown)?;
                let addressing = Addressing::of(to);
                let others = if account == self.account {
                    Vec::new()
                } else {
                    devices_of(account, addressing).collect()
                };
                Ok(Audience {
                    addressing,
                    devices: others,
                    own: devices_of(self.account, addressing).collect(),
                })
            }
            Server::Group => {
                let group = state.groups.get(to.user.as_str()).ok_or_else(unknown)?;
                let addressing = group.addressing;
                let members = group.members.keys();
                Ok(Audience {
                    addressing,
                    devices: members
                        .flat_map(|member| devices_of(*member, addressing))
                        .collect(),
                    own: Vec::new(),
                })
            }
            Server::Broadcast => {
                let contacts: Vec<String> = match viewers {
                    Some(viewers) => viewers.to_vec(),
                    None => self.view.contacts.keys().cloned().collect(),
                };
                let accounts: BTreeSet<AccountId> = contacts
                    .iter()
                    .filter_map(|jid| state.resolve(&jid.parse().ok()?))
                    .chain([self.account])
                    .collect();
                Ok(Audience {
                    addressing: Addressing::Lid,
                    devices: accounts
                        .into_iter()
                        .flat_map(|account| devices_of(account, Addressing::Lid))
                        .collect(),
                    own: Vec::new(),
                })
            }
            _ => Err(PhoneError::NotAnAddress(to.to_string())),
        }
    }

    /// Begins sessions with those devices with which there are none.
    pub(super) fn ensure_sessions(
        &mut self,
        network: &Arc<Network>,
        devices: impl IntoIterator<Item = PeerAddress>,
    ) -> Result<(), PhoneError> {
        let missing: Vec<PeerAddress> = devices
            .into_iter()
            .filter(|device| !self.signal.has_session(device))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let bundles: Vec<_> = network.with(|state| {
            let take = |device: &PeerAddress| take_bundle(state, device.account, device.device);
            missing.iter().map(take).collect()
        });
        for (device, bundle) in missing.iter().zip(bundles) {
            if let Some(bundle) = bundle {
                self.signal.start_session(device, &bundle)?;
            }
        }
        Ok(())
    }

    /// One ciphertext for each device; the sender's own companions get it with a note where it was sent.
    fn for_each(
        &mut self,
        network: &Arc<Network>,
        to: &Jid,
        audience: &Audience,
        content: &wa::Message,
    ) -> Result<Vec<Node>, PhoneError> {
        let all = audience.devices.iter().chain(&audience.own);
        self.ensure_sessions(network, all.map(|(device, _)| *device))?;
        let plain = content.encode_to_vec();
        let noted = sent_note(&to.to_non_ad().to_string(), content).encode_to_vec();
        let mut targets = Vec::new();
        let encrypted = [(&audience.devices, &plain), (&audience.own, &noted)];
        for (devices, bytes) in encrypted {
            for (device, jid) in devices {
                if !self.signal.has_session(device) {
                    continue;
                }
                let sealed = self.signal.encrypt(device, bytes)?;
                targets.push(target(jid, Some(enc(&sealed, content, 0))));
            }
        }
        Ok(vec![node("participants").children(targets).build()])
    }

    /// One ciphertext for all, and the key to it for those who lack it.
    fn for_all(
        &mut self,
        network: &Arc<Network>,
        to: &Jid,
        audience: &Audience,
        content: &wa::Message,
    ) -> Result<Vec<Node>, PhoneError> {
        self.ensure_sessions(network, audience.devices.iter().map(|(device, _)| *device))?;
        let group = to.to_string();
        let own = self.own(0);
        let holders: BTreeSet<PeerAddress> = audience
            .devices
            .iter()
            .map(|(device, _)| *device)
            .filter(|device| self.signal.has_session(device))
            .collect();
        let (key, missing) = self.signal.distribute(&group, &own, &holders)?;
        let distribution = distribution(&group, key).encode_to_vec();
        let mut targets = Vec::new();
        for (device, jid) in &audience.devices {
            if missing.contains(device) {
                let sealed = self.signal.encrypt(device, &distribution)?;
                targets.push(target(jid, Some(enc(&sealed, content, 0))));
            } else if to.server == Server::Broadcast && holders.contains(device) {
                // A status goes to whom it names, also when they have the key.
                targets.push(target(jid, None));
            }
        }
        let sealed = self
            .signal
            .encrypt_group(&group, &own, &content.encode_to_vec())?;
        let mut children = Vec::new();
        if !targets.is_empty() {
            children.push(node("participants").children(targets).build());
        }
        children.push(enc(&sealed, content, 0));
        Ok(children)
    }

    /// A message of the phone to one of its companions, about the account itself: keys, history, answers.
    pub(super) fn send_peer(
        &mut self,
        network: &Arc<Network>,
        device: DeviceNumber,
        content: wa::Message,
    ) -> Result<String, PhoneError> {
        let peer = self.own(device);
        self.ensure_sessions(network, [peer])?;
        let to = network
            .with(|state| {
                let account = state.account(self.account)?;
                Some(account.device_jid(Addressing::Lid, device))
            })
            .ok_or(PhoneError::NoAnswer)?;
        let sealed = self.signal.encrypt(&peer, &content.encode_to_vec())?;
        let id = self.new_id();
        let message = node("message")
            .attr("to", to.clone())
            .attr("id", id.as_str())
            .attr("type", "text")
            .attr("category", "peer")
            .attr("push_priority", "high")
            .children([enc(&sealed, &content, 0)])
            .build();
        self.remember_sent(SentMessage {
            id: id.clone(),
            to: to.to_string(),
            content,
            peer: true,
        });
        let answers = self.tell(network, message)?;
        refusal(&answers).map_or(Ok(id), Err)
    }

    /// Sends a message once more, to the one device that has asked for it.
    pub(super) fn resend(
        &mut self,
        network: &Arc<Network>,
        to: &Jid,
        requester: PeerAddress,
        requester_jid: &Jid,
        id: &str,
        count: u8,
    ) -> Result<(), PhoneError> {
        let Some(sent) = self.sent.iter().rev().find(|sent| sent.id == id).cloned() else {
            return Err(PhoneError::NoMessage {
                chat: to.to_string(),
                id: id.to_owned(),
            });
        };
        self.ensure_sessions(network, [requester])?;
        let is_common = matches!(to.server, Server::Group | Server::Broadcast);
        let mut content = sent.content.clone();
        if is_common {
            let group = to.to_string();
            let own = self.own(0);
            self.signal.forget_holder(&group, &requester);
            let key = self.signal.current_distribution(&group, &own)?;
            content.sender_key_distribution_message =
                distribution(&group, key).sender_key_distribution_message;
        } else if requester.account == self.account && !sent.peer {
            content = sent_note(&sent.to, &sent.content);
        }
        let sealed = self.signal.encrypt(&requester, &content.encode_to_vec())?;
        let enc = enc(&sealed, &sent.content, count);
        let mut message = if is_common {
            let mut message = stanza_start(to, id, &sent.content);
            message = message.attr("participant", requester_jid.clone());
            if to.server == Server::Group {
                let mode = Addressing::of(requester_jid).as_str();
                message = message.attr("addressing_mode", mode);
            }
            message
        } else {
            let message = stanza_start(requester_jid, id, &sent.content);
            if requester.account == self.account && !sent.peer {
                message.attr("recipient", sent.to.as_str())
            } else {
                message
            }
        };
        if sent.peer {
            message = message.attr("category", "peer");
        }
        let answers = self.tell(network, message.children([enc]).build())?;
        refusal(&answers).map_or(Ok(()), Err)
    }
}

/// A message as the sender's own companions get it.
fn sent_note(destination: &str, content: &wa::Message) -> wa::Message {
    wa::Message {
        device_sent_message: wa::message::DeviceSentMessage {
            destination_jid: Some(destination.to_owned()),
            message: content.clone().into(),
            ..Default::default()
        }
        .into(),
        message_context_info: content.message_context_info.clone(),
        ..Default::default()
    }
}

fn distribution(group: &str, key: Vec<u8>) -> wa::Message {
    wa::Message {
        sender_key_distribution_message: wa::message::SenderKeyDistributionMessage {
            group_id: Some(group.to_owned()),
            axolotl_sender_key_distribution_message: Some(key),
        }
        .into(),
        ..Default::default()
    }
}

fn target(jid: &Jid, enc: Option<Node>) -> Node {
    let target = node("to").attr("jid", jid.clone());
    match enc {
        Some(enc) => target.children([enc]).build(),
        None => target.build(),
    }
}

/// `<enc>` with what the server may know about the content.
fn enc(sealed: &Ciphertext, content: &wa::Message, count: u8) -> Node {
    let mut enc = node("enc").attr("v", 2).attr("type", sealed.kind.as_str());
    if let Some(kind) = wacore::send::media_type_from_message(content) {
        enc = enc.attr("mediatype", kind);
    }
    let edit = EditAttribute::infer_from_message(content);
    if wacore::send::should_hide_decrypt_fail_for_send(edit.as_ref(), content) {
        enc = enc.attr("decrypt-fail", "hide");
    }
    if count > 0 {
        enc = enc.attr("count", u32::from(count));
    }
    enc.bytes(sealed.bytes.clone()).build()
}

fn stanza_start(to: &Jid, id: &str, content: &wa::Message) -> NodeBuilder {
    let mut message = node("message")
        .attr("to", to.clone())
        .attr("id", id)
        .attr("type", wacore::send::stanza_type_from_message(content));
    if let Some(edit) = EditAttribute::infer_from_message(content) {
        let edit = edit.to_string_val();
        if !edit.is_empty() {
            message = message.attr("edit", edit);
        }
    }
    message
}

/// What is posted in a newsletter is not encrypted.
fn post(content: &wa::Message) -> Node {
    let mut post = node("plaintext");
    if let Some(kind) = wacore::send::media_type_from_message(content) {
        post = post.attr("mediatype", kind);
    }
    post.bytes(content.encode_to_vec()).build()
}

/// The network's no, if it said no.
fn refusal(answers: &[Node]) -> Option<PhoneError> {
    let ack = answers.iter().find(|answer| answer.tag == "ack");
    let Some(ack) = ack else {
        return Some(PhoneError::NoAnswer);
    };
    ack.parsed("error").map(|code| PhoneError::Refused {
        code,
        text: ack.text("text").into_owned(),
    })
}

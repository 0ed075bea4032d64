//! What a phone does with what is delivered to it: messages, receipts, calls, and what others are doing.

use std::sync::Arc;

use wacore::protocol::retry::{MAX_RETRY_COUNT, RetryReason};
use wacore_binary::{Jid, Node, Server};
use waproto::buffa::Message as _;
use waproto::whatsapp as wa;

use super::VirtualPhone;
use super::handset::{Phone, addresses, chat_of};
use super::media::file_of;
use super::signal::{CipherKind, PeerAddress, SignalError, key_bytes};
use super::view::apply::{Applied, Arrival};
use super::view::{CallState, MessageStatus, ShownCall, Waiting};
use crate::network::device::{Bundle, PreKey, SignedPreKey};
use crate::network::{AccountId, Addressing, Network, State};
use crate::node::{NodeExt as _, key_id, node, number};

/// Who sent a stanza, and which chat it is in.
struct Origin {
    sender: PeerAddress,
    sender_jid: Jid,
    chat: String,
    is_own: bool,
    name: String,
}

/// Why a message cannot be shown.
enum Unreadable {
    /// It was read before.
    Again,
    /// The sender has to send it again.
    Broken(RetryReason),
}

impl Phone {
    /// Takes a stanza of any kind.
    pub(super) fn receive(&mut self, network: &Arc<Network>, stanza: &Node) {
        match stanza.tag.as_ref() {
            "message" => self.receive_message(network, stanza),
            "receipt" => self.receive_receipt(network, stanza),
            "call" => self.receive_call(network, stanza),
            "chatstate" => self.receive_chat_state(network, stanza),
            "presence" => {
                let looking = stanza.text("type") != "unavailable";
                let from = stanza.jid("from").unwrap_or_default();
                let who = network.with(|state| chat_of(state, &from));
                self.view.presences.insert(who, looking);
            }
            "notification" if stanza.child("identity").is_some() => {
                let from = stanza.jid("from").unwrap_or_default();
                let who = network.with(|state| state.resolve(&from));
                if let Some(account) = who.filter(|account| *account != self.account) {
                    self.signal.forget_account(account);
                    let who = network.with(|state| addresses(state, account).pn);
                    self.view.identity_changes.push(who);
                }
            }
            // Groups, pictures and devices are looked up when they are needed.
            _ => {}
        }
    }

    fn receive_message(&mut self, network: &Arc<Network>, message: &Node) {
        if self.habits.deaf {
            return;
        }
        let Some(origin) = network.with(|state| self.origin(state, message)) else {
            tracing::warn!(stanza = crate::node::print(message), "a message of nobody");
            return;
        };
        let id = message.text("id").into_owned();
        let content = match self.decrypt(&origin, message) {
            Ok(Some(content)) => content,
            Ok(None) => return self.confirm(network, &origin, message),
            Err(Unreadable::Again) => return self.confirm(network, &origin, message),
            Err(Unreadable::Broken(reason)) => {
                return self.ask_again(network, &origin, message, reason);
            }
        };
        self.retries.remove(&retry_key(&origin.chat, &id));
        if origin.is_own && message.text("category") == "peer" {
            self.receive_peer(network, origin.sender.device, &id, &content);
            return;
        }
        let (content, chat) = match content.device_sent_message.as_option() {
            Some(noted) if origin.is_own => {
                let to = noted
                    .destination_jid
                    .as_deref()
                    .and_then(|jid| jid.parse::<Jid>().ok());
                let chat = to.map_or(origin.chat.clone(), |to| {
                    network.with(|state| chat_of(state, &to))
                });
                (noted.message.as_option().cloned().unwrap_or_default(), chat)
            }
            _ => (content, origin.chat.clone()),
        };
        if origin.is_own {
            self.receive_peer(network, origin.sender.device, &id, &content);
        }
        self.keep_file_of(network, &content);
        let sender = network.with(|state| addresses(state, origin.sender.account));
        let applied = self.view.apply(Arrival {
            chat: chat.clone(),
            id: id.clone(),
            from_me: origin.is_own,
            sender,
            device: origin.sender.device,
            name: origin.name.clone(),
            timestamp: message.parsed("t").unwrap_or(0),
            content,
            status: if origin.is_own {
                MessageStatus::Sent
            } else {
                MessageStatus::Delivered
            },
            has_biz_node: message.child("biz").is_some(),
        });
        self.confirm(network, &origin, message);
        if applied != Applied::Shown || origin.is_own {
            return;
        }
        if let Ok(shown) = self.shown(&chat, &id) {
            let shown = shown.clone();
            let text = shown.text().to_owned();
            self.remember_arrival(shown);
            self.follow_habits(network, &chat, &id, &text);
        }
    }

    fn origin(&self, state: &State, message: &Node) -> Option<Origin> {
        let from = message.jid("from")?;
        let sender_jid = message.jid("participant").unwrap_or_else(|| from.clone());
        let account = state.resolve(&sender_jid)?;
        let is_own = account == self.account;
        let chat = match from.server {
            Server::Pn | Server::Lid if is_own => message.jid("recipient").unwrap_or(from),
            _ => from,
        };
        Some(Origin {
            sender: PeerAddress::new(account, sender_jid.device),
            sender_jid,
            chat: chat_of(state, &chat),
            is_own,
            name: message.text("notify").into_owned(),
        })
    }

    /// Decrypts all parts of a message, keeps the sender key that may be among them, and gives the content, if there is any.
    fn decrypt(
        &mut self,
        origin: &Origin,
        message: &Node,
    ) -> Result<Option<wa::Message>, Unreadable> {
        let group = message.jid("from").unwrap_or_default().to_string();
        let mut content = None;
        let mut again = false;
        for enc in message.nodes_named("enc") {
            let Some(kind) = CipherKind::parse(&enc.text("type")) else {
                return Err(Unreadable::Broken(RetryReason::InvalidMessage));
            };
            let opened = if kind == CipherKind::SenderKey {
                self.signal
                    .decrypt_group(&group, &origin.sender, enc.body())
            } else {
                self.signal.decrypt(&origin.sender, kind, enc.body())
            };
            let bytes = match opened {
                Ok(bytes) => bytes,
                Err(SignalError::Duplicate) => {
                    again = true;
                    continue;
                }
                Err(error) => {
                    tracing::debug!(%error, sender = %origin.sender, "a message cannot be read");
                    return Err(Unreadable::Broken(match error {
                        SignalError::NoSession(_) => RetryReason::NoSession,
                        _ => RetryReason::InvalidMessage,
                    }));
                }
            };
            let part = wa::Message::decode_from_slice(&bytes)
                .map_err(|_| Unreadable::Broken(RetryReason::InvalidMessage))?;
            if let Some(key) = part.sender_key_distribution_message.as_option() {
                let group = key.group_id.clone().unwrap_or_else(|| group.clone());
                let bytes = key.axolotl_sender_key_distribution_message.as_deref();
                let accepted = bytes.map(|bytes| {
                    self.signal
                        .accept_distribution(&group, &origin.sender, bytes)
                });
                if accepted.is_some_and(|accepted| accepted.is_err()) {
                    return Err(Unreadable::Broken(RetryReason::InvalidKey));
                }
            }
            let mut rest = part;
            rest.sender_key_distribution_message = Default::default();
            let mut bare = rest.clone();
            bare.message_context_info = Default::default();
            if bare != wa::Message::default() {
                content = Some(rest);
            }
        }
        if content.is_none() && again {
            return Err(Unreadable::Again);
        }
        Ok(content)
    }

    /// Asks the sender's device to send it again; from the second time on with keys for a new session.
    fn ask_again(
        &mut self,
        network: &Arc<Network>,
        origin: &Origin,
        message: &Node,
        reason: RetryReason,
    ) {
        let id = message.text("id").into_owned();
        let waiting = Waiting {
            chat: origin.chat.clone(),
            id: id.clone(),
            sender: network.with(|state| addresses(state, origin.sender.account).pn),
        };
        if !self.view.waiting_for.contains(&waiting) {
            self.view.waiting_for.push(waiting);
        }
        let count = self
            .retries
            .entry(retry_key(&origin.chat, &id))
            .or_default();
        if *count >= MAX_RETRY_COUNT {
            return;
        }
        *count += 1;
        let count = *count;
        let from = message.jid("from").unwrap_or_default();
        let mut receipt = node("receipt")
            .attr("id", id.as_str())
            .attr("type", "retry");
        receipt = match from.server {
            Server::Group | Server::Broadcast => receipt
                .attr("to", from)
                .attr("participant", origin.sender_jid.clone()),
            _ => receipt.attr("to", origin.sender_jid.clone()),
        };
        if origin.is_own {
            if message.text("category") == "peer" {
                receipt = receipt.attr("category", "peer");
            } else if let Some(recipient) = message.jid("recipient") {
                receipt = receipt.attr("recipient", recipient);
            }
        }
        let registration_id = network.with(|state| {
            let device = state.device(self.account, 0);
            device.map_or(0, |device| device.registration_id)
        });
        let mut children = vec![
            node("retry")
                .attr("v", 1)
                .attr("id", id.as_str())
                .attr("t", message.text("t").as_ref())
                .attr("count", u32::from(count))
                .attr("error", reason as u32)
                .build(),
            node("registration")
                .bytes(registration_id.to_be_bytes())
                .build(),
        ];
        if count >= wacore::protocol::retry::MIN_RETRY_COUNT_FOR_KEYS {
            children.push(self.keys());
        }
        self.tell(network, receipt.children(children).build()).ok();
    }

    /// Keys with which somebody can begin a session at once.
    fn keys(&mut self) -> Node {
        let signed = self.signal.signed_pre_key();
        let key = self.signal.new_pre_key();
        node("keys")
            .children([
                node("type").bytes([5]).build(),
                node("identity")
                    .bytes(key_bytes(self.signal.identity()))
                    .build(),
                node("key")
                    .children([
                        node("id").bytes(key_id(key.id)).build(),
                        node("value").bytes(key.public).build(),
                    ])
                    .build(),
                node("skey")
                    .children([
                        node("id").bytes(key_id(signed.id)).build(),
                        node("value").bytes(signed.public).build(),
                        node("signature").bytes(signed.signature).build(),
                    ])
                    .build(),
            ])
            .build()
    }

    /// "Arrived", when the phone is one that says so.
    fn confirm(&mut self, network: &Arc<Network>, origin: &Origin, message: &Node) {
        if origin.is_own || !self.habits.delivery_receipts {
            return;
        }
        let receipt = receipt_to(
            message,
            &origin.sender_jid,
            None,
            [message.text("id").into_owned()],
        );
        self.tell(network, receipt).ok();
    }

    /// Reads and answers, when the phone is one that does.
    fn follow_habits(&mut self, network: &Arc<Network>, chat: &str, id: &str, text: &str) {
        if self.habits.reads {
            self.mark_read(network, chat, &[id.to_owned()], "read").ok();
        }
        let is_direct = chat.ends_with("@s.whatsapp.net");
        let Some(answer) = self.habits.answers.to(text).filter(|_| is_direct) else {
            return;
        };
        let Some(phone) = VirtualPhone::of(network, self.account) else {
            return;
        };
        let (chat, typing) = (chat.to_owned(), self.habits.typing);
        network.spawn(async move {
            if let Err(error) = phone.answer(&chat, &answer, typing).await {
                tracing::warn!(%error, "a phone cannot answer");
            }
        });
    }

    /// Receipts for messages of others, of one type: all of them must be in that chat. Own companions get to know, too.
    pub(super) fn mark_read(
        &mut self,
        network: &Arc<Network>,
        chat: &str,
        ids: &[String],
        kind: &'static str,
    ) -> Result<(), super::PhoneError> {
        for id in ids {
            let shown = self.shown(chat, id)?;
            let sender = if shown.chat.ends_with("@g.us") {
                let lid = network.with(|state| {
                    let group = chat.split('@').next().and_then(|id| state.groups.get(id));
                    group.is_some_and(|group| group.addressing == Addressing::Lid)
                });
                if lid {
                    &shown.sender_lid
                } else {
                    &shown.sender
                }
            } else {
                &shown.sender
            };
            let sender: Jid = sender.parse().unwrap_or_default();
            let mut stanza = node("message").attr("id", id.as_str());
            stanza = if chat.ends_with("@s.whatsapp.net") {
                stanza.attr("from", sender.clone())
            } else {
                let chat: Jid = chat.parse().unwrap_or_default();
                stanza
                    .attr("from", chat)
                    .attr("participant", sender.clone())
            };
            let receipt = receipt_to(&stanza.build(), &sender, Some(kind), [id.clone()]);
            self.tell(network, receipt)?;
        }
        let chat = self.view.chat_mut(chat);
        chat.unread = 0;
        chat.marked_unread = false;
        self.changed();
        Ok(())
    }

    /// Keeps the encrypted file of a message, so that it can be uploaded again when it is gone from the store.
    fn keep_file_of(&mut self, network: &Arc<Network>, content: &wa::Message) {
        if let Some((_, file)) = file_of(content)
            && let (Some(hash), Some(path)) = (file.file_enc_sha256(), file.direct_path())
        {
            self.keep_file(network, path, hash);
        }
    }

    fn receive_receipt(&mut self, network: &Arc<Network>, receipt: &Node) {
        let from = receipt.jid("from").unwrap_or_default();
        let by_jid = receipt.jid("participant").unwrap_or_else(|| from.clone());
        let Some(by) = network.with(|state| state.resolve(&by_jid)) else {
            return;
        };
        let by = PeerAddress::new(by, by_jid.device);
        let kind = receipt.text("type");
        match kind.as_ref() {
            "retry" => self.answer_retry(network, receipt, &from, by, &by_jid),
            "server-error" => self.upload_again(network, receipt, by.device),
            "hist_sync" | "peer_msg" | "sender" | "enc_rekey_retry" => {}
            kind => self.apply_receipt(network, receipt, kind, by.account),
        }
    }

    fn apply_receipt(&mut self, network: &Arc<Network>, receipt: &Node, kind: &str, by: AccountId) {
        let status = match kind {
            "read" | "read-self" | "view" => MessageStatus::Read,
            "played" | "played-self" => MessageStatus::Played,
            _ => MessageStatus::Delivered,
        };
        let is_own = by == self.account;
        let by = network.with(|state| addresses(state, by).pn);
        let listed = receipt
            .nodes_named("list")
            .flat_map(|list| list.nodes())
            .map(|item| item.text("id").into_owned());
        let ids: Vec<String> = listed.chain([receipt.text("id").into_owned()]).collect();
        for chat in self.view.chats.values_mut() {
            let mut is_read = false;
            for message in &mut chat.messages {
                if !ids.contains(&message.id) {
                    continue;
                }
                if is_own {
                    is_read |= status >= MessageStatus::Read && !message.from_me;
                } else if message.from_me {
                    let known = message.receipts.entry(by.clone()).or_default();
                    *known = (*known).max(status);
                    message.status = message.status.max(status);
                }
            }
            if is_read {
                chat.unread = 0;
            }
        }
    }

    /// Somebody could not read what we sent: a new session if they gave keys for one, then the message, to that device only.
    fn answer_retry(
        &mut self,
        network: &Arc<Network>,
        receipt: &Node,
        from: &Jid,
        by: PeerAddress,
        by_jid: &Jid,
    ) {
        let id = receipt.text("id");
        let retry = receipt.child("retry");
        let count: u8 = retry.and_then(|retry| retry.parsed("count")).unwrap_or(1);
        if count > MAX_RETRY_COUNT {
            return;
        }
        match receipt
            .child("keys")
            .and_then(|keys| bundle_of(keys, receipt))
        {
            Some(bundle) => {
                if let Err(error) = self.signal.start_session(&by, &bundle) {
                    tracing::warn!(%error, %by, "the keys of a retry receipt cannot be used");
                }
            }
            // Asked twice and no keys: what we have of the device does not fit it, so the network is asked for its keys.
            None if count > 1 => self.signal.forget_session(&by),
            None => {}
        }
        if let Err(error) = self.resend(network, from, by, by_jid, &id, count) {
            tracing::warn!(%error, %by, "a message cannot be sent again");
        }
    }

    fn receive_chat_state(&mut self, network: &Arc<Network>, stanza: &Node) {
        let from = stanza.jid("from").unwrap_or_default();
        let by = stanza.jid("participant").unwrap_or_else(|| from.clone());
        let (chat, by) = network.with(|state| (chat_of(state, &from), chat_of(state, &by)));
        let typing = &mut self.view.chat_mut(&chat).typing;
        match stanza.child("composing") {
            Some(composing) if composing.text("media") == "audio" => {
                typing.insert(by, "recording".to_owned());
            }
            Some(_) => {
                typing.insert(by, "composing".to_owned());
            }
            None => {
                typing.remove(&by);
            }
        }
    }

    fn receive_call(&mut self, network: &Arc<Network>, stanza: &Node) {
        let Some(action) = stanza.nodes().first() else {
            return;
        };
        let id = action.text("call-id").into_owned();
        if action.tag == "offer" {
            let from = stanza.jid("from").unwrap_or_default();
            self.view.calls.push(ShownCall {
                id,
                peer: network.with(|state| chat_of(state, &from)),
                incoming: true,
                video: action.child("video").is_some(),
                state: CallState::Ringing,
            });
            return;
        }
        let Some(call) = self.view.call_mut(&id) else {
            return;
        };
        call.state = match (action.tag.as_ref(), call.state) {
            ("accept", CallState::Ringing) => CallState::Accepted,
            ("reject", CallState::Ringing) => CallState::Rejected,
            ("terminate", CallState::Accepted) => CallState::Ended,
            ("terminate", CallState::Ringing) => match action.text("reason").as_ref() {
                "accepted_elsewhere" => CallState::Accepted,
                "rejected_elsewhere" => CallState::Rejected,
                _ => CallState::Missed,
            },
            (_, state) => state,
        };
    }
}

fn retry_key(chat: &str, id: &str) -> String {
    format!("{chat} {id}")
}

/// A receipt for messages of one sender.
fn receipt_to<const N: usize>(
    message: &Node,
    sender: &Jid,
    kind: Option<&'static str>,
    ids: [String; N],
) -> Node {
    let from = message.jid("from").unwrap_or_default();
    let mut receipt = node("receipt").attr("id", ids.first().map_or("", String::as_str));
    if let Some(kind) = kind {
        receipt = receipt.attr("type", kind);
    }
    match from.server {
        Server::Group | Server::Broadcast => receipt
            .attr("to", from)
            .attr("participant", sender.clone())
            .build(),
        _ => receipt.attr("to", sender.clone()).build(),
    }
}

/// The keys in a retry receipt.
fn bundle_of(keys: &Node, receipt: &Node) -> Option<Bundle> {
    let signed = keys.child("skey")?;
    let one_time = keys.child("key");
    Some(Bundle {
        registration_id: receipt
            .child("registration")
            .map_or(0, |id| number(id.body())),
        identity: keys.child("identity")?.body_key()?,
        signed_pre_key: SignedPreKey {
            id: number(signed.child("id")?.body()),
            public: signed.child("value")?.body_key()?,
            signature: signed.child("signature")?.body().to_vec(),
        },
        pre_key: one_time.and_then(|key| {
            Some(PreKey {
                id: number(key.child("id")?.body()),
                public: key.child("value")?.body_key()?,
            })
        }),
        signed_identity: None,
    })
}

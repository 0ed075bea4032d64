//! Messages: decrypted, shown, confirmed.

use std::sync::Arc;

use wacore::protocol::retry::RetryReason;
use wacore_binary::{Jid, Node, Server};
use waproto::buffa::Message as _;
use waproto::whatsapp as wa;

use super::super::VirtualPhone;
use super::super::handset::{Phone, addresses, chat_of};
use super::super::media::file_of;
use super::super::signal::{CipherKind, PeerAddress, SignalError};
use super::super::view::MessageStatus;
use super::super::view::apply::{Applied, Arrival};
use super::receipt::receipt_to;
use super::retry::retry_key;
use crate::network::{Network, State};
use crate::node::NodeExt as _;

/// Who sent a stanza, and which chat it is in.
pub(super) struct Origin {
    pub(super) sender: PeerAddress,
    pub(super) sender_jid: Jid,
    pub(super) chat: String,
    pub(super) is_own: bool,
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
    pub(super) fn receive_message(&mut self, network: &Arc<Network>, message: &Node) {
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

    /// Keeps the encrypted file of a message, so that it can be uploaded again when it is gone from the store.
    fn keep_file_of(&mut self, network: &Arc<Network>, content: &wa::Message) {
        if let Some((_, file)) = file_of(content)
            && let (Some(hash), Some(path)) = (file.file_enc_sha256(), file.direct_path())
        {
            self.keep_file(network, path, hash);
        }
    }
}

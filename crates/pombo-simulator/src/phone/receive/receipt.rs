//! Receipts: those that come, and those that the phone gives.

use std::sync::Arc;

use wacore_binary::{Jid, Node, Server};

use super::super::PhoneError;
use super::super::handset::{Phone, addresses};
use super::super::signal::PeerAddress;
use super::super::view::MessageStatus;
use crate::network::{AccountId, Addressing, Network};
use crate::node::{NodeExt as _, node};

impl Phone {
    /// Receipts for messages of others, of one type: all of them must be in that chat. Own companions get to know, too.
    pub(in crate::phone) fn mark_read(
        &mut self,
        network: &Arc<Network>,
        chat: &str,
        ids: &[String],
        kind: &'static str,
    ) -> Result<(), PhoneError> {
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

    pub(super) fn receive_receipt(&mut self, network: &Arc<Network>, receipt: &Node) {
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
}

/// A receipt for messages of one sender.
pub(super) fn receipt_to<const N: usize>(
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

//! Messages that could not be read: asking for them again, and sending them again.

use std::sync::Arc;

use wacore::protocol::retry::{MAX_RETRY_COUNT, MIN_RETRY_COUNT_FOR_KEYS, RetryReason};
use wacore_binary::{Jid, Node, Server};

use super::super::handset::{Phone, addresses};
use super::super::signal::{PeerAddress, key_bytes};
use super::super::view::Waiting;
use super::message::Origin;
use crate::network::Network;
use crate::network::device::{Bundle, PreKey, SignedPreKey};
use crate::node::{NodeExt as _, key_id, node, number};

impl Phone {
    /// Asks the sender's device to send it again; from the second time on with keys for a new session.
    pub(super) fn ask_again(
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
        if count >= MIN_RETRY_COUNT_FOR_KEYS {
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

    /// Somebody could not read what we sent: a new session if they gave keys for one, then the message, to that device only.
    pub(super) fn answer_retry(
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
}

pub(super) fn retry_key(chat: &str, id: &str) -> String {
    format!("{chat} {id}")
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

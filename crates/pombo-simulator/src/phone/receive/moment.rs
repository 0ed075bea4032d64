//! What matters only now: somebody types, somebody calls.

use std::sync::Arc;

use wacore_binary::{Jid, Node};
use waproto::buffa::Message as _;
use waproto::whatsapp as wa;

use super::super::handset::{Phone, chat_of};
use super::super::signal::{CipherKind, PeerAddress};
use super::super::view::{CallState, ShownCall};
use crate::network::Network;
use crate::node::NodeExt as _;

impl Phone {
    pub(super) fn receive_chat_state(&mut self, network: &Arc<Network>, stanza: &Node) {
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

    pub(super) fn receive_call(&mut self, network: &Arc<Network>, stanza: &Node) {
        let Some(action) = stanza.nodes().first() else {
            return;
        };
        let id = action.text("call-id").into_owned();
        if action.tag == "offer" {
            let from = stanza.jid("from").unwrap_or_default();
            let has_key = self.has_call_key(network, &from, action);
            self.view.calls.push(ShownCall {
                id,
                has_key,
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

    /// Whether the caller sealed a key for this phone, and sealed it well.
    fn has_call_key(&mut self, network: &Arc<Network>, from: &Jid, offer: &Node) -> bool {
        let Some(enc) = offer.child("enc") else {
            return false;
        };
        let caller = network.with(|state| state.resolve(from));
        let (Some(caller), Some(kind)) = (caller, CipherKind::parse(&enc.text("type"))) else {
            return false;
        };
        let caller = PeerAddress::new(caller, from.device);
        match self.signal.decrypt(&caller, kind, enc.body()) {
            Ok(bytes) => wa::Message::decode_from_slice(&bytes).is_ok_and(|message| {
                message
                    .call
                    .call_key
                    .as_ref()
                    .is_some_and(|key| key.len() == 32)
            }),
            Err(error) => {
                tracing::debug!(%error, sender = %caller, "the key of a call cannot be read");
                false
            }
        }
    }
}

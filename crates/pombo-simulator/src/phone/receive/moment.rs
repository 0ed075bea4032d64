//! What matters only now: somebody types, somebody calls.

use std::sync::Arc;

use wacore_binary::Node;

use super::super::handset::{Phone, chat_of};
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

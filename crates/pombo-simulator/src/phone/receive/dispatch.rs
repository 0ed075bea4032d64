//! What is what.

use std::sync::Arc;

use wacore_binary::{Node, Server};

use super::super::handset::{Phone, addresses, chat_of};
use crate::network::Network;
use crate::node::NodeExt as _;

impl Phone {
    /// Takes a stanza of any kind.
    pub(in crate::phone) fn receive(&mut self, network: &Arc<Network>, stanza: &Node) {
        match stanza.tag.as_ref() {
            "message" => match stanza.jid("from") {
                Some(from) if from.server == Server::Newsletter => self.receive_post(stanza),
                _ => self.receive_message(network, stanza),
            },
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
}

//! Posts of newsletters that the account follows: not encrypted, and revised under their own id.

use waproto::buffa::Message as _;
use waproto::whatsapp as wa;

use super::super::handset::Phone;
use super::super::view::MessageStatus;
use super::super::view::apply::{Applied, Arrival};
use super::super::view::secrets::Addresses;
use crate::node::NodeExt as _;
use wacore_binary::Node;

impl Phone {
    pub(super) fn receive_post(&mut self, message: &Node) {
        if self.habits.deaf {
            return;
        }
        let chat = message.jid("from").unwrap_or_default().to_string();
        let id = message.text("id").into_owned();
        let body = message.child("plaintext").map(|plaintext| plaintext.body());
        let Ok(content) = wa::Message::decode_from_slice(body.unwrap_or_default()) else {
            tracing::warn!(stanza = crate::node::print(message), "a post of nothing");
            return;
        };
        match message.text("edit").as_ref() {
            "3" => return self.view.revise(&chat, &id, Some(&content)),
            "8" => return self.view.revise(&chat, &id, None),
            _ => {}
        }
        let applied = self.view.apply(Arrival {
            sender: Addresses {
                pn: chat.clone(),
                lid: chat.clone(),
            },
            chat: chat.clone(),
            id: id.clone(),
            from_me: message.text("is_sender") == "true",
            device: 0,
            name: String::new(),
            timestamp: message.parsed("t").unwrap_or(0),
            content,
            status: MessageStatus::Delivered,
            has_biz_node: false,
        });
        if applied == Applied::Shown
            && let Ok(shown) = self.shown(&chat, &id)
        {
            let shown = shown.clone();
            self.remember_arrival(shown);
        }
    }
}

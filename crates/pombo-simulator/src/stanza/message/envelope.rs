//! The stanza that a device gets.

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node, Server};

use crate::network::{AccountId, Addressing, Session, State};
use crate::node::{NodeExt as _, node};

/// What is copied from the sender's stanza to the recipients', beside what is encrypted for them.
const COPIED: [&str; 4] = ["reporting", "meta", "biz", "bot"];
const COPIED_ATTRIBUTES: [&str; 2] = ["edit", "category"];

/// What all copies of a message have in common.
pub(super) struct Envelope<'a> {
    sender: Session,
    /// By phone number and by LID.
    sender_jids: [Jid; 2],
    to: &'a Jid,
    message: &'a Node,
    name: String,
    now: u64,
    device_identity: Option<&'a Node>,
    copied: Vec<Node>,
}

impl<'a> Envelope<'a> {
    pub(super) fn new(
        state: &State,
        from: &Session,
        to: &'a Jid,
        message: &'a Node,
    ) -> Option<Self> {
        let account = state.account(from.account)?;
        Some(Self {
            sender: *from,
            sender_jids: [Addressing::Pn, Addressing::Lid]
                .map(|addressing| account.device_jid(addressing, from.device)),
            to,
            message,
            name: account.name.clone(),
            now: state.clock.now(),
            device_identity: message.child("device-identity"),
            copied: message
                .nodes()
                .iter()
                .filter(|child| COPIED.contains(&child.tag.as_ref()))
                .cloned()
                .collect(),
        })
    }

    fn sender(&self, addressing: Addressing) -> Jid {
        let [pn, lid] = &self.sender_jids;
        match addressing {
            Addressing::Pn => pn.clone(),
            Addressing::Lid => lid.clone(),
        }
    }

    /// The stanza for one device; `addressing` is the kind of address that the sender used for it.
    pub(super) fn seal(
        &self,
        recipient: AccountId,
        addressing: Addressing,
        content: Vec<Node>,
    ) -> Node {
        let is_peer = self.message.text("category") == "peer";
        // Peers know each other by LID, whatever the address that was written on the message.
        let addressing = if is_peer { Addressing::Lid } else { addressing };
        let sender = self.sender(addressing);
        // Without the device: the other address says who it is, not which device.
        let other = self.sender(addressing.other()).to_non_ad();
        let mut stanza = node("message")
            .attr("id", self.message.text("id").as_ref())
            .attr("type", self.message.text("type").as_ref())
            .attr("t", self.now)
            .attr("notify", self.name.as_str());
        for key in COPIED_ATTRIBUTES {
            if let Some(value) = self.message.text_opt(key) {
                stanza = stanza.attr(key, value.as_ref());
            }
        }
        stanza = match self.to.server {
            Server::Group => alternative(
                stanza
                    .attr("from", self.to.clone())
                    .attr("participant", sender)
                    .attr("addressing_mode", addressing.as_str()),
                ["participant_lid", "participant_pn"],
                addressing,
                other,
            ),
            Server::Broadcast => alternative(
                stanza
                    .attr("from", self.to.clone())
                    .attr("participant", sender),
                ["participant_lid", "participant_pn"],
                addressing,
                other,
            ),
            _ => {
                let stanza = alternative(
                    stanza.attr("from", sender),
                    ["sender_lid", "sender_pn"],
                    addressing,
                    other,
                );
                if recipient == self.sender.account && !is_peer {
                    // A resend to a companion of one's own names the chat beside the companion.
                    let chat = self.message.jid("recipient");
                    stanza.attr("recipient", chat.as_ref().unwrap_or(self.to).to_non_ad())
                } else {
                    stanza
                }
            }
        };
        let is_first = content.iter().any(|enc| enc.text("type") == "pkmsg");
        let mut children = content;
        if let Some(identity) = self.device_identity.filter(|_| is_first) {
            children.push(identity.clone());
        }
        children.extend(self.copied.iter().cloned());
        stanza.children(children).build()
    }
}

/// The sender's other address: its LID when it is named by phone number, and the other way round.
fn alternative(
    stanza: NodeBuilder,
    [lid, pn]: [&'static str; 2],
    addressing: Addressing,
    other: Jid,
) -> NodeBuilder {
    match addressing {
        Addressing::Pn => stanza.attr(lid, other),
        Addressing::Lid => stanza.attr(pn, other),
    }
}

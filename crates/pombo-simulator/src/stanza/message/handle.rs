//! A message on its way through the network.

use std::collections::HashMap;
use std::sync::Arc;

use wacore_binary::{Jid, Node, Server};

use super::envelope::Envelope;
use super::plan::{Plan, addresses};
use crate::network::{AccountId, Addressing, DeviceNumber, Session, State};
use crate::node::{NodeExt as _, Stanza, node};
use crate::stanza::answer::Refusal;
use crate::stanza::newsletter;

/// Takes a message of any kind of chat.
pub(crate) fn handle(state: &mut State, from: &Session, message: &Node) -> Result<(), Refusal> {
    let to = message
        .jid("to")
        .ok_or(Refusal::Malformed("a message to nobody"))?;
    if message.text("id").is_empty() {
        return Err(Refusal::Malformed("a message without an id"));
    }
    if to.server == Server::Newsletter {
        return newsletter::handle(state, from, &to, message);
    }
    match Plan::make(state, from, &to, message) {
        Ok(plan) => {
            let verdict = Verdict::Accepted {
                devices: plan.outdated(state, from, &to, message),
            };
            acknowledge(state, from, &to, message, verdict);
            deliver(state, from, &to, message, plan);
            Ok(())
        }
        Err(refusal) => {
            let verdict = Verdict::Refused(refusal.code().0);
            acknowledge(state, from, &to, message, verdict);
            Err(refusal)
        }
    }
}

/// `<status>`: the network takes a status as a `<message>` only.
pub(crate) fn refuse_status(
    state: &mut State,
    from: &Session,
    status: &Node,
) -> Result<(), Refusal> {
    let to = status.jid("to").unwrap_or_else(Jid::status_broadcast);
    acknowledge(state, from, &to, status, Verdict::Refused(400));
    Ok(())
}

/// What the sender is told.
enum Verdict {
    /// Taken; with the hash of the devices that should have been written to, when others were.
    Accepted {
        devices: Option<String>,
    },
    Refused(u16),
}

fn acknowledge(state: &mut State, from: &Session, to: &Jid, message: &Node, verdict: Verdict) {
    let mut ack = node("ack")
        .attr("class", "message")
        .attr("id", message.text("id").as_ref())
        .attr("from", to.clone())
        .attr("t", state.clock.now());
    if let Some(participant) = message.jid("participant") {
        ack = ack.attr("participant", participant);
    }
    match verdict {
        Verdict::Accepted { devices: None } => {}
        Verdict::Accepted {
            devices: Some(hash),
        } => ack = ack.attr("phash", hash),
        Verdict::Refused(error) => ack = ack.attr("error", error),
    }
    state.answer(from, ack.build());
}

fn deliver(state: &mut State, from: &Session, to: &Jid, message: &Node, plan: Plan) {
    let Some(envelope) = Envelope::new(state, from, to, message) else {
        return;
    };
    match plan {
        Plan::Each { targets, common } => {
            for target in targets {
                let Some(account) = state.resolve(&target.jid) else {
                    continue;
                };
                // The sender does not learn of it. In a group the blocked are heard.
                if to.server != Server::Group && state.has_blocked(account, from.account) {
                    continue;
                }
                state.acquaint(from.account, account);
                let addressing = Addressing::of(&target.jid);
                let number = target.jid.device;
                let mut content = target.own;
                content.extend(common.iter().cloned());
                let stanza = envelope.seal(account, addressing, content);
                state.deliver(account, number, stanza);
            }
        }
        Plan::Everybody {
            members,
            own,
            common,
        } => {
            let mut own: HashMap<(AccountId, DeviceNumber), Vec<Node>> = own
                .into_iter()
                .filter_map(|target| {
                    let account = state.resolve(&target.jid)?;
                    Some(((account, target.jid.device), target.own))
                })
                .collect();
            // Who has the sender's key already gets the same stanza as everybody else who has.
            let mut shared: HashMap<Addressing, Stanza> = HashMap::new();
            for (member, addressing) in members {
                if to.server != Server::Group && state.has_blocked(member, from.account) {
                    continue;
                }
                let devices: Vec<_> = state
                    .account(member)
                    .into_iter()
                    .flat_map(|account| addresses(account, addressing))
                    .map(|(device, _)| device)
                    .filter(|device| *device != (from.account, from.device))
                    .collect();
                for (account, number) in devices {
                    let own = own.remove(&(account, number)).unwrap_or_default();
                    let stanza = if !own.is_empty() {
                        let content = own.into_iter().chain(common.iter().cloned());
                        Arc::new(envelope.seal(account, addressing, content.collect()))
                    } else if common.is_empty() {
                        continue;
                    } else {
                        Arc::clone(shared.entry(addressing).or_insert_with(|| {
                            Arc::new(envelope.seal(account, addressing, common.clone()))
                        }))
                    };
                    state.deliver(account, number, stanza);
                }
            }
        }
    }
}

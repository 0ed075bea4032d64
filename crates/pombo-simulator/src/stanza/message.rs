//! `<message>`: acknowledged, and fanned out to the devices that it is encrypted for.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use wacore::messages::MessageUtils;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node, Server};

use super::answer::Refusal;
use super::newsletter;
use crate::network::account::Account;
use crate::network::group::Part;
use crate::network::{AccountId, Addressing, DeviceNumber, Session, State};
use crate::node::{NodeExt as _, Stanza, node};

/// What is copied from the sender's stanza to the recipients', beside what is encrypted for them.
const COPIED: [&str; 4] = ["reporting", "meta", "biz", "bot"];
const COPIED_ATTRIBUTES: [&str; 2] = ["edit", "category"];

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
    let plan = match to.server {
        Server::Pn | Server::Lid => direct(state, from, &to, message),
        Server::Group => group(state, from, &to, message),
        Server::Broadcast if to.user == "status" => status(state, from, &to, message),
        _ => Err(Refusal::Unknown),
    };
    match plan {
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

/// One device, and what is encrypted for it.
struct Target {
    jid: Jid,
    own: Vec<Node>,
}

/// Who gets the message.
enum Plan {
    /// Each device what is encrypted for it, and after that what is encrypted for all (which may be nothing).
    Each {
        targets: Vec<Target>,
        common: Vec<Node>,
    },
    /// All devices of a group's members, or of a status' audience: what is encrypted for all, and before that what is encrypted
    /// for the device, if there is something.
    Everybody {
        members: Vec<(AccountId, Addressing)>,
        own: Vec<Target>,
        common: Vec<Node>,
    },
}

impl Plan {
    /// When the client has an outdated picture of who gets the message: the hash of the present one, by which it notices.
    fn outdated(&self, state: &State, from: &Session, to: &Jid, message: &Node) -> Option<String> {
        let is_for_one = message.attrs.contains_key("participant")
            || message.text("category") == "peer"
            || message.text("device_fanout") == "false"
            || to.device != 0;
        if is_for_one {
            return None;
        }
        let sender = (from.account, from.device);
        let expected: Vec<Jid> = match (self, to.server) {
            (Self::Everybody { members, .. }, Server::Group) => members
                .iter()
                .filter_map(|(member, addressing)| Some((state.account(*member)?, *addressing)))
                .flat_map(|(account, addressing)| addresses(account, addressing))
                .map(|(_, jid)| jid)
                .collect(),
            (Self::Each { targets, .. }, Server::Pn | Server::Lid) => {
                let sent: BTreeSet<_> = targets
                    .iter()
                    .filter_map(|target| Some((state.resolve(&target.jid)?, target.jid.device)))
                    .collect();
                let accounts = BTreeSet::from([state.resolve(to)?, from.account]);
                let expected: Vec<_> = accounts
                    .into_iter()
                    .filter_map(|account| state.account(account))
                    .flat_map(|account| addresses(account, Addressing::of(to)))
                    .filter(|(device, _)| *device != sender)
                    .collect();
                let is_current = expected.len() == sent.len()
                    && expected.iter().all(|(device, _)| sent.contains(device));
                if is_current {
                    return None;
                }
                expected.into_iter().map(|(_, jid)| jid).collect()
            }
            _ => return None,
        };
        let hash = MessageUtils::participant_list_hash(&expected).ok()?;
        let claimed = message.text_opt("phash");
        match (to.server, claimed) {
            (Server::Group, None) => None,
            (_, claimed) => (claimed.as_deref() != Some(hash.as_str())).then_some(hash),
        }
    }
}

/// The devices of an account that others may write to.
fn addresses(
    account: &Account,
    addressing: Addressing,
) -> impl Iterator<Item = ((AccountId, DeviceNumber), Jid)> {
    account
        .devices
        .values()
        .filter(|device| device.is_listed())
        .map(move |device| {
            let jid = account.device_jid(addressing, device.number);
            ((account.id, device.number), jid)
        })
}

fn encrypted(parent: &Node) -> Vec<Node> {
    parent.nodes_named("enc").cloned().collect()
}

fn participants(message: &Node) -> Result<Vec<Target>, Refusal> {
    let mut targets = Vec::new();
    for to in message
        .child("participants")
        .map(|participants| participants.nodes())
        .unwrap_or_default()
    {
        let jid = to
            .jid("jid")
            .ok_or(Refusal::Malformed("a participant without an address"))?;
        targets.push(Target {
            jid,
            own: encrypted(to),
        });
    }
    Ok(targets)
}

/// A resend, asked for by a retry receipt, goes to the device that asked and to no other: everybody else's session would break.
fn resend(message: &Node, participant: Jid) -> Result<Plan, Refusal> {
    let has_others = message
        .child("participants")
        .is_some_and(|others| !others.nodes().is_empty());
    if has_others {
        return Err(Refusal::Invalid(
            479,
            "smax-invalid",
            "a resend with other participants",
        ));
    }
    Ok(Plan::Each {
        targets: vec![Target {
            jid: participant,
            own: encrypted(message),
        }],
        common: Vec::new(),
    })
}

fn direct(state: &State, from: &Session, to: &Jid, message: &Node) -> Result<Plan, Refusal> {
    if let Some(participant) = message.jid("participant") {
        return resend(message, participant);
    }
    let recipient = state.resolve(to).ok_or(Refusal::NOT_FOUND)?;
    let is_peer = message.text("category") == "peer";
    if is_peer && recipient != from.account {
        return Err(Refusal::Malformed("a peer message to another account"));
    }
    if !state.trusts(recipient, from.account, message) {
        return Err(Refusal::No(463, "tctoken-required"));
    }
    let mut targets = participants(message)?;
    for target in &targets {
        let account = state.resolve(&target.jid);
        if account.is_some_and(|account| account != recipient && account != from.account) {
            return Err(Refusal::Malformed(
                "a direct message encrypted for somebody else",
            ));
        }
    }
    let single = encrypted(message);
    if !single.is_empty() {
        targets.push(Target {
            jid: to.clone(),
            own: single,
        });
    }
    if targets.iter().all(|target| target.own.is_empty()) {
        return Err(Refusal::Malformed("a message without content"));
    }
    Ok(Plan::Each {
        targets,
        common: Vec::new(),
    })
}

fn group(state: &State, from: &Session, to: &Jid, message: &Node) -> Result<Plan, Refusal> {
    if let Some(participant) = message.jid("participant") {
        return resend(message, participant);
    }
    let group = state
        .groups
        .get(to.user.as_str())
        .ok_or(Refusal::NOT_FOUND)?;
    let role = group.members.get(&from.account).ok_or(Refusal::FORBIDDEN)?;
    // In a community's announcements everybody may react.
    let reacts = message.text("type") == "reaction" && group.part() == Some(Part::Announcements);
    if group.settings.announcement && !role.is_admin() && !reacts {
        return Err(Refusal::FORBIDDEN);
    }
    match message.text("addressing_mode").as_ref() {
        "" => {
            return Err(Refusal::Malformed(
                "a group message without addressing_mode",
            ));
        }
        // The client has an old picture of the group and fetches a new one.
        mode if mode != group.addressing.as_str() => {
            return Err(Refusal::No(421, "stale-group-addressing-mode"));
        }
        _ => {}
    }
    Ok(Plan::Everybody {
        members: group
            .members
            .keys()
            .map(|member| (*member, group.addressing))
            .collect(),
        own: participants(message)?,
        common: encrypted(message),
    })
}

/// A status names its audience: each device that still needs the sender's key, and the other people by their address alone. Some
/// clients name only the former; then the audience is, beside them, that of the status before.
fn status(state: &mut State, from: &Session, to: &Jid, message: &Node) -> Result<Plan, Refusal> {
    if message.text_opt("addressing_mode").is_some() {
        return Err(Refusal::Invalid(
            479,
            "smax-invalid",
            "a status with an addressing mode",
        ));
    }
    if let Some(participant) = message.jid("participant").filter(|jid| jid != to) {
        return resend(message, participant);
    }
    let own = participants(message)?;
    let named: BTreeMap<AccountId, Addressing> = own
        .iter()
        .filter_map(|target| {
            let account = state.resolve(&target.jid)?;
            Some((account, Addressing::of(&target.jid)))
        })
        .collect();
    let is_complete = own.iter().any(|target| target.own.is_empty());
    for contact in named.keys().filter(|contact| **contact != from.account) {
        state.acquaint(from.account, *contact);
    }
    let sender = state.account_mut(from.account).ok_or(Refusal::NOT_FOUND)?;
    if is_complete {
        sender.status_audience = named;
    } else {
        sender.status_audience.extend(named);
    }
    Ok(Plan::Everybody {
        members: sender
            .status_audience
            .iter()
            .map(|(member, addressing)| (*member, *addressing))
            .collect(),
        own,
        common: encrypted(message),
    })
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

/// What all copies of a message have in common.
struct Envelope<'a> {
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
    fn new(state: &State, from: &Session, to: &'a Jid, message: &'a Node) -> Option<Self> {
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
    fn seal(&self, recipient: AccountId, addressing: Addressing, content: Vec<Node>) -> Node {
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

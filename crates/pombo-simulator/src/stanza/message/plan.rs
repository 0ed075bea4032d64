//! Who gets a message.

use std::collections::{BTreeMap, BTreeSet};

use wacore::messages::MessageUtils;
use wacore_binary::{Jid, Node, Server};

use crate::network::account::Account;
use crate::network::group::Part;
use crate::network::{AccountId, Addressing, DeviceNumber, Session, State};
use crate::node::NodeExt as _;
use crate::stanza::answer::Refusal;

/// One device, and what is encrypted for it.
pub(super) struct Target {
    pub(super) jid: Jid,
    pub(super) own: Vec<Node>,
}

/// Who gets the message.
pub(super) enum Plan {
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
    /// Who gets a message, or why nobody does.
    pub(super) fn make(
        state: &mut State,
        from: &Session,
        to: &Jid,
        message: &Node,
    ) -> Result<Self, Refusal> {
        match to.server {
            Server::Pn | Server::Lid => direct(state, from, to, message),
            Server::Group => group(state, from, to, message),
            Server::Broadcast if to.user == "status" => status(state, from, to, message),
            _ => Err(Refusal::Unknown),
        }
    }

    /// When the client has an outdated picture of who gets the message: the hash of the present one, by which it notices.
    pub(super) fn outdated(
        &self,
        state: &State,
        from: &Session,
        to: &Jid,
        message: &Node,
    ) -> Option<String> {
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
pub(super) fn addresses(
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
    let group = state
        .groups
        .get(to.user.as_str())
        .ok_or(Refusal::NOT_FOUND)?;
    let role = group.members.get(&from.account).ok_or(Refusal::FORBIDDEN)?;
    if let Some(participant) = message.jid("participant") {
        let account = state.resolve(&participant);
        let is_member = account.is_some_and(|account| group.members.contains_key(&account));
        return if is_member {
            resend(message, participant)
        } else {
            Err(Refusal::FORBIDDEN)
        };
    }
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

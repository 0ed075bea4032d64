//! `<add>`, `<remove>`, `<promote>`, `<demote>`: each participant has a result of their own.

use std::collections::BTreeSet;

use wacore_binary::{Jid, Node};

use super::super::answer::{Answer, Refusal, Reply};
use super::node::person;
use super::rights::admin_of;
use super::{community, join_request, member_of, notify};
use crate::network::group::{Circle, Invitation, Mark, RequestMethod, Role};
use crate::network::{AccountId, Addressing, Session, State};
use crate::node::{NodeExt as _, node};

/// How long a personal invitation is valid (seconds). Source: the expiration that WhatsApp's own invitations carry, three days.
const INVITATION_SECONDS: u64 = 3 * 24 * 60 * 60;

/// Whoever has left this often can come back only by their own will.
const DEPARTURES_LIMIT: u32 = 2;

/// Whether somebody can be added.
pub(super) enum Verdict {
    Welcome(AccountId),
    /// A member already.
    Already(AccountId),
    /// `<participant error>`, for the answer.
    Refused(Node),
}

/// Looks at a `<participant jid>` whom `actor` wants to add.
pub(super) fn judge(state: &mut State, actor: AccountId, id: &str, asked: &Node) -> Verdict {
    let jid = asked.jid("jid").unwrap_or_default();
    let Some(target) = state.resolve(&jid) else {
        return Verdict::Refused(failed_stranger(jid, 404));
    };
    let Some(group) = state.groups.get(id) else {
        return Verdict::Refused(failed_stranger(jid, 404));
    };
    let mode = group.addressing;
    if group.members.contains_key(&target) {
        return Verdict::Already(target);
    }
    let departures = group.departures.get(&target).copied().unwrap_or_default();
    let is_full = group.members.len() >= state.settings.group_limit;
    if state.has_blocked(target, actor) {
        return Verdict::Refused(failed(state, target, mode, 401));
    }
    if !state.shows(target, actor, "groupadd") && !has_token(state, target, actor, asked) {
        return Verdict::Refused(invite(state, actor, id, target, mode, 403));
    }
    if departures >= DEPARTURES_LIMIT {
        return Verdict::Refused(invite(state, actor, id, target, mode, 408));
    }
    if is_full {
        return Verdict::Refused(failed(state, target, mode, 419));
    }
    Verdict::Welcome(target)
}

/// `<privacy>` holds the token that the person gave to the one who adds them, in hexadecimal digits.
fn has_token(state: &State, target: AccountId, actor: AccountId, asked: &Node) -> bool {
    let Some(privacy) = asked.child("privacy") else {
        return false;
    };
    let text = privacy.body_text();
    let bytes: Option<Vec<u8>> = text
        .as_bytes()
        .chunks(2)
        .map(|pair| {
            std::str::from_utf8(pair)
                .ok()
                .and_then(|pair| u8::from_str_radix(pair, 16).ok())
        })
        .collect();
    bytes.is_some_and(|bytes| state.is_token(target, actor, &bytes))
}

fn failed_stranger(jid: Jid, error: u16) -> Node {
    node("participant")
        .attr("jid", jid)
        .attr("error", error)
        .build()
}

fn failed(state: &State, target: AccountId, mode: Addressing, error: u16) -> Node {
    person(state, "participant", target, mode)
        .attr("error", error)
        .build()
}

/// Refuses, and hands out an invitation that the actor can send to the person instead.
fn invite(
    state: &mut State,
    actor: AccountId,
    id: &str,
    target: AccountId,
    mode: Addressing,
    error: u16,
) -> Node {
    let code = super::create::invite_code(state);
    let expires_at = state.clock.now() + INVITATION_SECONDS;
    if let Some(group) = state.groups.get_mut(id) {
        group
            .invitations
            .retain(|invitation| invitation.invitee != target);
        group.invitations.push(Invitation {
            code: code.clone(),
            invitee: target,
            by: actor,
            expires_at,
        });
    }
    person(state, "participant", target, mode)
        .attr("error", error)
        .children([node("add_request")
            .attr("code", code)
            .attr("expiration", expires_at)
            .build()])
        .build()
}

/// `<participant type="200">`: done.
pub(super) fn done(state: &State, target: AccountId, mode: Addressing) -> Node {
    person(state, "participant", target, mode)
        .attr("type", "200")
        .build()
}

/// `<add>`: by admins, and by members when the group lets them.
pub(super) fn add(state: &mut State, from: &Session, id: &str, request: &Node) -> Answer {
    let (group, role) = member_of(state, from, id)?;
    if !role.is_admin() && group.settings.adding == Circle::Admins {
        return Err(Refusal::FORBIDDEN);
    }
    let mode = group.addressing;
    let needs_approval = !role.is_admin() && group.settings.approval;
    let now = state.clock.now();
    let mark = Mark {
        by: from.account,
        at: now,
    };
    let mut results = Vec::new();
    let mut added = Vec::new();
    for asked in request.nodes_named("participant") {
        match judge(state, from.account, id, asked) {
            Verdict::Welcome(target) if needs_approval => {
                join_request::file(state, id, target, from.account, RequestMethod::NonAdminAdd);
                // Not a member yet: an error code keeps clients from listing them.
                results.push(failed(state, target, mode, 202));
            }
            Verdict::Welcome(target) => {
                if let Some(group) = state.groups.get_mut(id) {
                    group.admit(target, now);
                }
                results.push(done(state, target, mode));
                added.push(target);
            }
            Verdict::Already(target) => results.push(failed(state, target, mode, 409)),
            Verdict::Refused(node) => results.push(node),
        }
    }
    tell_of_new(state, id, from.account, &added, None);
    community::admit_to_surroundings(state, id, &added, mark);
    Reply::node(node("add").children(results).build())
}

/// Tells everybody, the new ones included, who has come.
pub(super) fn tell_of_new(
    state: &mut State,
    id: &str,
    actor: AccountId,
    added: &[AccountId],
    reason: Option<&'static str>,
) {
    if added.is_empty() {
        return;
    }
    let people = people(state, id, added);
    let add = node("add");
    let add = match reason {
        Some(reason) => add.attr("reason", reason),
        None => add,
    };
    let add = add.children(people).build();
    notify::tell_members(state, id, actor, &[add]);
}

/// `<participant>` for each, with their role.
fn people(state: &State, id: &str, accounts: &[AccountId]) -> Vec<Node> {
    let Some(group) = state.groups.get(id) else {
        return Vec::new();
    };
    accounts
        .iter()
        .map(|account| {
            let person = person(state, "participant", *account, group.addressing);
            match group.members.get(account).and_then(|role| role.as_str()) {
                Some(role) => person.attr("type", role).build(),
                None => person.build(),
            }
        })
        .collect()
}

/// `<remove>`: by admins. With `linked_groups="true"` out of the whole community.
pub(super) fn remove(state: &mut State, from: &Session, id: &str, request: &Node) -> Answer {
    let mode = admin_of(state, from, id)?.addressing;
    let everywhere = request.text("linked_groups") == "true";
    let mut results = Vec::new();
    let mut removed = Vec::new();
    for asked in request.nodes_named("participant") {
        let jid = asked.jid("jid").unwrap_or_default();
        let target = state.resolve(&jid);
        let role = target.and_then(|target| state.groups.get(id)?.members.get(&target).copied());
        match target.zip(role) {
            None => results.push(failed_stranger(jid, 404)),
            // Nobody removes the creator.
            Some((target, Role::SuperAdmin)) => results.push(failed(state, target, mode, 403)),
            Some((target, Role::Member | Role::Admin)) => {
                results.push(done(state, target, mode));
                removed.push(target);
            }
        }
    }
    let groups = if everywhere || is_community(state, id) {
        community::groups_of(state, id)
    } else {
        vec![id.to_owned()]
    };
    for group in groups {
        expel(state, &group, from.account, &removed);
    }
    Reply::node(node("remove").children(results).build())
}

fn is_community(state: &State, id: &str) -> bool {
    state
        .groups
        .get(id)
        .is_some_and(|group| group.is_community())
}

/// Takes out of a group those of them who are in it. They are told of that, and of nothing afterwards.
pub(super) fn expel(state: &mut State, id: &str, actor: AccountId, accounts: &[AccountId]) {
    let Some(group) = state.groups.get(id) else {
        return;
    };
    let present: Vec<AccountId> = accounts
        .iter()
        .copied()
        .filter(|account| group.members.contains_key(account))
        .collect();
    if present.is_empty() {
        return;
    }
    let mode = group.addressing;
    let witnesses = group.member_ids();
    let people: Vec<Node> = present
        .iter()
        .map(|account| person(state, "participant", *account, mode).build())
        .collect();
    if let Some(group) = state.groups.get_mut(id) {
        for account in &present {
            group.expel(*account);
            group.removed.insert(*account);
        }
    }
    let remove = node("remove").children(people).build();
    notify::tell(state, id, actor, witnesses, &[remove]);
}

/// `<promote>`: by admins.
pub(super) fn promote(state: &mut State, from: &Session, id: &str, request: &Node) -> Answer {
    change_role(state, from, id, request, "promote", Role::Admin)
}

/// `<demote>`: by admins.
pub(super) fn demote(state: &mut State, from: &Session, id: &str, request: &Node) -> Answer {
    change_role(state, from, id, request, "demote", Role::Member)
}

fn change_role(
    state: &mut State,
    from: &Session,
    id: &str,
    request: &Node,
    tag: &'static str,
    new: Role,
) -> Answer {
    let mode = admin_of(state, from, id)?.addressing;
    let mut results = Vec::new();
    let mut changed = BTreeSet::new();
    for asked in request.nodes_named("participant") {
        let jid = asked.jid("jid").unwrap_or_default();
        let target = state.resolve(&jid);
        let role = target.and_then(|target| state.groups.get(id)?.members.get(&target).copied());
        match (target.zip(role), new) {
            (None, _) => results.push(failed_stranger(jid, 404)),
            // The creator stays what they are.
            (Some((target, Role::SuperAdmin)), Role::Member) => {
                results.push(failed(state, target, mode, 403));
            }
            (Some((target, old)), new) => {
                results.push(done(state, target, mode));
                if old != new && old != Role::SuperAdmin {
                    changed.insert(target);
                }
            }
        }
    }
    if let Some(group) = state.groups.get_mut(id) {
        group
            .members
            .extend(changed.iter().map(|account| (*account, new)));
    }
    if !changed.is_empty() {
        let changed: Vec<AccountId> = changed.into_iter().collect();
        let people = people(state, id, &changed);
        let change = node(tag).children(people).build();
        notify::tell_members(state, id, from.account, &[change]);
    }
    Reply::node(node(tag).children(results).build())
}

//! Invite links, and invitations for one person.

use wacore_binary::Node;

use super::super::answer::{Answer, Refusal, Reply};
use super::create::invite_code;
use super::node::{group_with, person};
use super::rights::admin_of;
use super::{community, join_request, member, member_of, notify};
use crate::network::group::{Circle, Mark, RequestMethod, Role};
use crate::network::{AccountId, Session, State};
use crate::node::{NodeExt as _, node};

const FULL: Refusal = Refusal::No(419, "resource-limit");

/// `<invite/>` asked of a group: its code. Only those who may share it get it.
pub(super) fn code(state: &mut State, from: &Session, id: &str) -> Answer {
    let (group, role) = member_of(state, from, id)?;
    if !role.is_admin() && group.settings.links == Circle::Admins {
        return Err(Refusal::UNAUTHORIZED);
    }
    Reply::node(invite_node(&group.invite_code))
}

fn invite_node(code: &str) -> Node {
    node("invite").attr("code", code).build()
}

/// `<invite/>` set on a group: a new code; the old one is worth nothing from now on.
pub(super) fn reset(state: &mut State, from: &Session, id: &str) -> Answer {
    let new = invite_code(state);
    let (group, role) = member_of(state, from, id)?;
    if !role.is_admin() {
        return Err(Refusal::UNAUTHORIZED);
    }
    let old = std::mem::replace(&mut group.invite_code, new.clone());
    group.revoked_codes.push(old);
    notify::tell_members(state, id, from.account, &[invite_node(&new)]);
    Reply::node(invite_node(&new))
}

/// The group that a code leads to: 410 for a revoked one, 406 for one that never was.
fn group_of(state: &State, request: &Node) -> Result<String, Refusal> {
    let code = request.text("code");
    let mut refusal = Refusal::NOT_ACCEPTABLE;
    for group in state.groups.values() {
        if group.invite_code == code {
            return Ok(group.id.clone());
        }
        if group.revoked_codes.iter().any(|revoked| *revoked == code) {
            refusal = Refusal::GONE;
        }
    }
    Err(refusal)
}

/// `<invite code/>` asked: what the group is, for somebody who may not be in it. Participants: its creator, and contacts of the asker.
pub(super) fn info(state: &mut State, from: &Session, request: &Node) -> Answer {
    let id = group_of(state, request)?;
    let group = state.groups.get(&id).ok_or(Refusal::NOT_FOUND)?;
    let asker = state.account(from.account);
    let shown: Vec<AccountId> = group
        .members
        .iter()
        .filter(|(id, role)| {
            **role == Role::SuperAdmin
                || **id == from.account
                || asker.is_some_and(|asker| asker.address_book.contains(id))
        })
        .map(|(id, _)| *id)
        .collect();
    Reply::node(group_with(state, group, &shown, true, Vec::new()))
}

/// `<invite code/>` set: joins, or asks to be let in.
pub(super) fn accept(state: &mut State, from: &Session, request: &Node) -> Answer {
    let id = group_of(state, request)?;
    let group = state.groups.get(&id).ok_or(Refusal::NOT_FOUND)?;
    if group.members.contains_key(&from.account) {
        return Err(Refusal::CONFLICT);
    }
    if group.removed.contains(&from.account) {
        return Err(Refusal::NOT_ALLOWED);
    }
    if group.members.len() >= state.settings.group_limit {
        return Err(FULL);
    }
    let jid = group.jid();
    if group.settings.approval {
        join_request::file(
            state,
            &id,
            from.account,
            from.account,
            RequestMethod::InviteLink,
        );
        return Reply::node(node("membership_approval_request").attr("jid", jid).build());
    }
    join(state, from, &id, from.account);
    Reply::node(node("group").attr("jid", jid).build())
}

/// The speaker comes in, by the will of `actor`.
fn join(state: &mut State, from: &Session, id: &str, actor: AccountId) {
    let now = state.clock.now();
    if let Some(group) = state.groups.get_mut(id) {
        group.admit(from.account, now);
    }
    member::tell_of_new(state, id, actor, &[from.account], Some("invite"));
    let mark = Mark { by: actor, at: now };
    community::admit_to_surroundings(state, id, &[from.account], mark);
}

/// `<accept code expiration admin/>`: takes an invitation that an admin sent as a message.
pub(super) fn accept_personal(
    state: &mut State,
    from: &Session,
    id: &str,
    request: &Node,
) -> Answer {
    let admin = request.jid("admin").and_then(|jid| state.resolve(&jid));
    let now = state.clock.now();
    let group = state.groups.get(id).ok_or(Refusal::NOT_FOUND)?;
    if group.members.contains_key(&from.account) {
        return Err(Refusal::CONFLICT);
    }
    let code = request.text("code");
    let invitation = group
        .invitations
        .iter()
        .find(|invitation| invitation.code == code && invitation.invitee == from.account)
        .filter(|invitation| Some(invitation.by) == admin)
        .ok_or(Refusal::NOT_ACCEPTABLE)?;
    if invitation.expires_at < now {
        return Err(Refusal::GONE);
    }
    if request.parsed("expiration") != Some(invitation.expires_at) {
        return Err(Refusal::NOT_ACCEPTABLE);
    }
    let (by, jid) = (invitation.by, group.jid());
    if group.members.len() >= state.settings.group_limit {
        return Err(FULL);
    }
    join(state, from, id, by);
    Reply::node(node("group").attr("jid", jid).build())
}

/// `<revoke><participant jid/>…</revoke>`: takes invitations back.
pub(super) fn revoke_personal(
    state: &mut State,
    from: &Session,
    id: &str,
    request: &Node,
) -> Answer {
    let mode = admin_of(state, from, id)?.addressing;
    let mut results = Vec::new();
    for asked in request.nodes_named("participant") {
        let jid = asked.jid("jid").unwrap_or_default();
        let target = state.resolve(&jid);
        let revoked = target.is_some_and(|target| {
            state.groups.get_mut(id).is_some_and(|group| {
                let before = group.invitations.len();
                group
                    .invitations
                    .retain(|invitation| invitation.invitee != target);
                group.invitations.len() < before
            })
        });
        results.push(match target {
            Some(target) if revoked => member::done(state, target, mode),
            Some(target) => person(state, "participant", target, mode)
                .attr("error", 404)
                .build(),
            None => node("participant")
                .attr("jid", jid)
                .attr("error", 404)
                .build(),
        });
    }
    Reply::node(node("revoke").children(results).build())
}

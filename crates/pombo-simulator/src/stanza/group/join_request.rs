//! Those who wait to be let in.

use wacore_binary::Node;

use super::super::answer::{Answer, Refusal, Reply};
use super::node::{address, person};
use super::rights::admin_of;
use super::{community, member, notify};
use crate::network::group::{JoinRequest, Mark, RequestMethod};
use crate::network::{AccountId, Session, State};
use crate::node::{NodeExt as _, node};

/// Notes that `account` wants in (or that `actor` wants them in), and tells the admins.
pub(super) fn file(
    state: &mut State,
    id: &str,
    account: AccountId,
    actor: AccountId,
    method: RequestMethod,
) {
    let now = state.clock.now();
    let Some(group) = state.groups.get_mut(id) else {
        return;
    };
    let asked = Mark { by: actor, at: now };
    if group
        .requests
        .insert(account, JoinRequest { method, asked })
        .is_some()
    {
        return;
    }
    let (mode, parent) = (group.addressing, group.parent().map(str::to_owned));
    let created = node("created_membership_requests").attr("request_method", method.as_str());
    let created = match parent {
        Some(parent) => created.attr(
            "parent_group_jid",
            wacore_binary::Jid::group(parent.as_str()),
        ),
        None => created,
    };
    let who = person(state, "requested_user", account, mode).build();
    notify::tell_admins(state, id, actor, &[created.children([who]).build()]);
}

/// `<membership_approval_requests/>`, for admins.
pub(super) fn list(state: &mut State, from: &Session, id: &str) -> Answer {
    admin_of(state, from, id)?;
    let group = state.groups.get(id).ok_or(Refusal::NOT_FOUND)?;
    let mode = group.addressing;
    let requests: Vec<Node> = group
        .requests
        .iter()
        .map(|(account, request)| {
            let tree = person(state, "membership_approval_request", *account, mode)
                .attr("request_method", request.method.as_str())
                .attr("request_time", request.asked.at);
            match request.method {
                RequestMethod::NonAdminAdd => tree
                    .attr("requestor", address(state, request.asked.by, mode))
                    .build(),
                RequestMethod::InviteLink | RequestMethod::LinkedGroupJoin => tree.build(),
            }
        })
        .collect();
    Reply::node(
        node("membership_approval_requests")
            .children(requests)
            .build(),
    )
}

/// `<membership_requests_action><approve|reject><participant jid/>…`: an admin decides.
pub(super) fn decide(state: &mut State, from: &Session, id: &str, request: &Node) -> Answer {
    let mode = admin_of(state, from, id)?.addressing;
    let (decision, tag) = match (request.child("approve"), request.child("reject")) {
        (Some(decision), None) => (decision, "approve"),
        (None, Some(decision)) => (decision, "reject"),
        _ => return Err(Refusal::BAD_REQUEST),
    };
    let now = state.clock.now();
    let mut results = Vec::new();
    let mut settled = Vec::new();
    for asked in decision.nodes_named("participant") {
        let jid = asked.jid("jid").unwrap_or_default();
        let waiting = state
            .resolve(&jid)
            .filter(|account| withdraw(state, id, *account));
        match waiting {
            Some(account) => {
                results.push(member::done(state, account, mode));
                settled.push(account);
            }
            None => results.push(
                node("participant")
                    .attr("jid", jid)
                    .attr("error", 404)
                    .build(),
            ),
        }
    }
    if tag == "approve" {
        if let Some(group) = state.groups.get_mut(id) {
            for account in &settled {
                group.admit(*account, now);
            }
        }
        member::tell_of_new(state, id, from.account, &settled, None);
        let mark = Mark {
            by: from.account,
            at: now,
        };
        community::admit_to_surroundings(state, id, &settled, mark);
    } else {
        tell_of_end(state, id, from.account, &settled);
    }
    let decision = node(tag).children(results).build();
    Reply::node(
        node("membership_requests_action")
            .children([decision])
            .build(),
    )
}

fn withdraw(state: &mut State, id: &str, account: AccountId) -> bool {
    state
        .groups
        .get_mut(id)
        .is_some_and(|group| group.requests.remove(&account).is_some())
}

/// `<cancel_membership_requests>`: whoever asked does not want in any more.
pub(super) fn cancel(state: &mut State, from: &Session, id: &str, request: &Node) -> Answer {
    let mode = state.groups.get(id).ok_or(Refusal::NOT_FOUND)?.addressing;
    let mut results = Vec::new();
    for asked in request.nodes_named("participant") {
        let jid = asked.jid("jid").unwrap_or_default();
        let account = state.resolve(&jid);
        let own = account.is_some_and(|account| {
            state
                .groups
                .get(id)
                .and_then(|group| group.requests.get(&account))
                .is_some_and(|request| account == from.account || request.asked.by == from.account)
        });
        match account.filter(|_| own) {
            Some(account) if withdraw(state, id, account) => {
                results.push(member::done(state, account, mode));
                tell_of_end(state, id, from.account, &[account]);
            }
            _ => results.push(
                node("participant")
                    .attr("jid", jid)
                    .attr("error", 404)
                    .build(),
            ),
        }
    }
    Reply::node(node("cancel_membership_requests").children(results).build())
}

/// Tells the admins, and those whose requests were refused.
fn tell_of_end(state: &mut State, id: &str, actor: AccountId, accounts: &[AccountId]) {
    let Some(group) = state.groups.get(id).filter(|_| !accounts.is_empty()) else {
        return;
    };
    let mode = group.addressing;
    let mut recipients = group.admin_ids();
    recipients.extend(accounts.iter().copied());
    let people: Vec<Node> = accounts
        .iter()
        .map(|account| person(state, "participant", *account, mode).build())
        .collect();
    let revoked = node("revoked_membership_requests").children(people).build();
    notify::tell(state, id, actor, recipients, &[revoked]);
}

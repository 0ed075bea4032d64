//! `w:g2`: groups and communities.
//!
//! [`answer`] knows the request; the files beside it are named after what is asked. `node` writes a group, `notify` tells members.

mod community;
mod create;
mod detail;
mod invite;
mod join_request;
mod leave;
mod member;
pub(crate) mod node;
mod notify;
mod query;
mod rights;
pub(crate) mod setting;

use wacore_binary::{JidExt as _, Node};

pub(crate) use community::subgroups;
pub(crate) use create::invite_code as new_invite_code;
pub(crate) use rights::{editor_of, member_of};

use super::answer::{Answer, Refusal};
use crate::network::{Session, State};
use crate::node::NodeExt as _;

/// A request about groups. `to` is a group, or `@g.us` for what concerns none or several.
pub(crate) fn answer(state: &mut State, from: &Session, iq: &Node) -> Answer {
    let [request] = iq.nodes() else {
        return Err(Refusal::Malformed("a group request has exactly one child"));
    };
    let Some(to) = iq.jid("to").filter(|to| to.is_group()) else {
        return Err(Refusal::Malformed("a group request goes to a group"));
    };
    let set = match iq.text("type").as_ref() {
        "get" => false,
        "set" => true,
        _ => return Err(Refusal::Unknown),
    };
    if to.user.is_empty() {
        return without_group(state, from, set, request);
    }
    let id = to.user.to_string();
    match (set, request.tag.as_ref()) {
        (false, "query") => query::one(state, from, &id, request),
        (false, "invite") => invite::code(state, from, &id),
        (false, "membership_approval_requests") => join_request::list(state, from, &id),
        (false, "query_linked") => community::query_linked(state, from, &id, request),
        (false, "linked_groups_participants") => community::participants(state, from, &id),
        (false, "sub_groups") => community::list(state, from, &id),
        (true, "add") => member::add(state, from, &id, request),
        (true, "remove") => member::remove(state, from, &id, request),
        (true, "promote") => member::promote(state, from, &id, request),
        (true, "demote") => member::demote(state, from, &id, request),
        (true, "subject") => detail::subject(state, from, &id, request),
        (true, "description") => detail::description(state, from, &id, request),
        (true, "invite") => invite::reset(state, from, &id),
        (true, "accept") => invite::accept_personal(state, from, &id, request),
        (true, "revoke") => invite::revoke_personal(state, from, &id, request),
        (true, "membership_requests_action") => join_request::decide(state, from, &id, request),
        (true, "cancel_membership_requests") => join_request::cancel(state, from, &id, request),
        (true, "ack") => member_of(state, from, &id).and_then(|_| super::answer::Reply::empty()),
        (true, "links") => community::link(state, from, &id, request),
        (true, "unlink") => community::unlink(state, from, &id, request),
        (true, "delete_parent") => community::delete(state, from, &id),
        (true, "join_linked_group") => community::join(state, from, &id, request),
        (true, _) => setting::change(state, from, &id, request),
        _ => Err(Refusal::Unknown),
    }
}

fn without_group(state: &mut State, from: &Session, set: bool, request: &Node) -> Answer {
    match (set, request.tag.as_ref()) {
        (true, "create") => create::answer(state, from, request),
        (true, "leave") => leave::answer(state, from, request),
        (true, "invite") => invite::accept(state, from, request),
        (false, "invite") => invite::info(state, from, request),
        (false, "participating") => query::participating(state, from, request),
        (false, "query") => query::several(state, from, request),
        (false, "pictures") => query::pictures(state, from, request),
        _ => Err(Refusal::Unknown),
    }
}

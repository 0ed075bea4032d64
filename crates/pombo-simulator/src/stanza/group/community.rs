//! Communities: a group of groups. Everybody who is in one of its groups is in the community and in its announcements.

use std::collections::BTreeSet;

use wacore_binary::{Jid, Node};

use super::super::answer::{Answer, Refusal, Reply};
use super::node::{self as group_node, Detail, group, person};
use super::rights::admin_of;
use super::{create, join_request, member, member_of, notify};
use crate::network::group::{Group, GroupKind, GroupSettings, Mark, Part, RequestMethod, Role};
use crate::network::{AccountId, Session, State};
use crate::node::{NodeExt as _, node};

/// The groups of a community, in the order of their ids.
pub(crate) fn subgroups<'a>(
    state: &'a State,
    community: &'a str,
) -> impl Iterator<Item = &'a Group> {
    state
        .groups
        .values()
        .filter(move |group| group.parent() == Some(community))
}

/// The ids of a community and of all its groups; of a plain group its own.
pub(crate) fn groups_of(state: &State, id: &str) -> Vec<String> {
    subgroups(state, id)
        .map(|group| group.id.clone())
        .chain([id.to_owned()])
        .collect()
}

/// Makes one of the groups that a community has from the beginning, with those who are in the community.
pub(super) fn found_part(
    state: &mut State,
    community: &str,
    subject: &str,
    mark: Mark,
    part: Part,
) {
    let members = state
        .groups
        .get(community)
        .map(|group| group.members.clone())
        .unwrap_or_default();
    let settings = GroupSettings {
        announcement: part == Part::Announcements,
        ..GroupSettings::default()
    };
    let kind = GroupKind::Linked {
        parent: community.to_owned(),
        part,
    };
    let id = create::found(state, subject.to_owned(), mark, kind, settings);
    if let Some(group) = state.groups.get_mut(&id) {
        for (account, role) in members {
            group.members.insert(account, role);
            group.joined.insert(account, mark.at);
        }
    }
}

/// After somebody has come into a group: when it belongs to a community, they come into the community and its announcements, too.
pub(super) fn admit_to_surroundings(
    state: &mut State,
    id: &str,
    accounts: &[AccountId],
    mark: Mark,
) {
    let Some(group) = state.groups.get(id) else {
        return;
    };
    let community = match &group.kind {
        GroupKind::Plain => return,
        GroupKind::Community { .. } => id.to_owned(),
        GroupKind::Linked { parent, .. } => parent.clone(),
    };
    let surroundings: Vec<String> = subgroups(state, &community)
        .filter(|group| group.part() == Some(Part::Announcements))
        .map(|group| group.id.clone())
        .chain([community.clone()])
        .filter(|surrounding| surrounding != id)
        .collect();
    for surrounding in surroundings {
        let Some(group) = state.groups.get_mut(&surrounding) else {
            continue;
        };
        let new: Vec<AccountId> = accounts
            .iter()
            .copied()
            .filter(|account| !group.members.contains_key(account))
            .collect();
        for account in &new {
            group.admit(*account, mark.at);
        }
        member::tell_of_new(
            state,
            &surrounding,
            mark.by,
            &new,
            Some("linked_group_join"),
        );
    }
}

/// A community, for its admins.
fn administered(state: &mut State, from: &Session, id: &str) -> Result<(), Refusal> {
    if admin_of(state, from, id)?.is_community() {
        Ok(())
    } else {
        Err(Refusal::BAD_REQUEST)
    }
}

/// `<links><link link_type="sub_group"><group jid/>…`: existing groups become part of the community.
pub(super) fn link(state: &mut State, from: &Session, id: &str, request: &Node) -> Answer {
    administered(state, from, id)?;
    let link = request
        .child("link")
        .filter(|link| link.text("link_type") == "sub_group")
        .ok_or(Refusal::BAD_REQUEST)?;
    let mark = Mark {
        by: from.account,
        at: state.clock.now(),
    };
    let mut results = Vec::new();
    for asked in link.nodes_named("group") {
        let jid = asked.jid("jid").unwrap_or_default();
        let result = node("group").attr("jid", jid.clone());
        results.push(match link_one(state, from, id, &jid.user, mark) {
            Ok(()) => result.build(),
            Err(refusal) => result.attr("error", refusal.code().0).build(),
        });
    }
    let link = node("link")
        .attr("link_type", "sub_group")
        .children(results)
        .build();
    Reply::node(node("links").children([link]).build())
}

fn link_one(
    state: &mut State,
    from: &Session,
    community: &str,
    id: &str,
    mark: Mark,
) -> Result<(), Refusal> {
    let group = admin_of(state, from, id)?;
    match group.kind {
        GroupKind::Plain => {}
        GroupKind::Linked { .. } => return Err(Refusal::CONFLICT),
        GroupKind::Community { .. } => return Err(Refusal::BAD_REQUEST),
    }
    group.kind = GroupKind::Linked {
        parent: community.to_owned(),
        part: Part::Ordinary,
    };
    let members = group.member_ids();
    tell_of_link(state, from.account, community, id, None);
    admit_to_surroundings(state, id, &members, mark);
    Ok(())
}

/// Tells both sides that a group was linked (or, with a reason, unlinked).
fn tell_of_link(
    state: &mut State,
    actor: AccountId,
    community: &str,
    id: &str,
    unlinked: Option<&'static str>,
) {
    for (told, about, kind) in [
        (community, id, "sub_group"),
        (id, community, "parent_group"),
    ] {
        let Some(group) = state.groups.get(about) else {
            continue;
        };
        let subject = node("group")
            .attr("jid", group.jid())
            .attr("id", group.id.as_str())
            .attr("subject", group.subject.as_str())
            .attr("s_t", group.subject_set.at)
            .build();
        let change = match unlinked {
            None => node("link").attr("link_type", kind),
            Some(reason) => node("unlink")
                .attr("unlink_type", kind)
                .attr("unlink_reason", reason),
        };
        notify::tell_members(state, told, actor, &[change.children([subject]).build()]);
    }
}

/// `<unlink unlink_type="sub_group"><group jid remove_orphaned_members?/>…`.
pub(super) fn unlink(state: &mut State, from: &Session, id: &str, request: &Node) -> Answer {
    administered(state, from, id)?;
    if request.text("unlink_type") != "sub_group" {
        return Err(Refusal::BAD_REQUEST);
    }
    let mut results = Vec::new();
    for asked in request.nodes_named("group") {
        let jid = asked.jid("jid").unwrap_or_default();
        let result = node("group").attr("jid", jid.clone());
        let belongs = state.groups.get(jid.user.as_str()).is_some_and(|group| {
            group.parent() == Some(id) && group.part() != Some(Part::Announcements)
        });
        if !belongs {
            results.push(result.attr("error", 404).build());
            continue;
        }
        tell_of_link(state, from.account, id, &jid.user, Some("unlink_group"));
        let members = state.groups.get_mut(jid.user.as_str()).map(|group| {
            group.kind = GroupKind::Plain;
            group.member_ids()
        });
        if asked.text("remove_orphaned_members") == "true" {
            expel_orphans(state, id, from.account, &members.unwrap_or_default());
        }
        results.push(result.build());
    }
    let unlink = node("unlink")
        .attr("unlink_type", "sub_group")
        .children(results)
        .build();
    Reply::node(unlink)
}

/// Takes out of the community those who are in none of its groups any more, admins excepted.
fn expel_orphans(state: &mut State, community: &str, actor: AccountId, accounts: &[AccountId]) {
    let rooted: BTreeSet<AccountId> = subgroups(state, community)
        .filter(|group| group.part() != Some(Part::Announcements))
        .flat_map(|group| group.members.keys().copied())
        .collect();
    let admins: Vec<AccountId> = state
        .groups
        .get(community)
        .map(|group| group.admin_ids())
        .unwrap_or_default();
    let orphans: Vec<AccountId> = accounts
        .iter()
        .copied()
        .filter(|account| !rooted.contains(account) && !admins.contains(account))
        .collect();
    for group in groups_of(state, community) {
        member::expel(state, &group, actor, &orphans);
    }
}

/// `<delete_parent/>`: the community ends. Its groups live on by themselves, its announcements do not.
pub(super) fn delete(state: &mut State, from: &Session, id: &str) -> Answer {
    administered(state, from, id)?;
    let parts: Vec<(String, Part)> = subgroups(state, id)
        .filter_map(|group| Some((group.id.clone(), group.part()?)))
        .collect();
    let ended = [node("delete").attr("reason", "community_deleted").build()];
    for (group, part) in parts {
        match part {
            Part::Announcements => {
                notify::tell_members(state, &group, from.account, &ended);
                state.groups.remove(&group);
            }
            Part::GeneralChat | Part::Ordinary => {
                tell_of_link(state, from.account, id, &group, Some("delete_parent"));
                if let Some(group) = state.groups.get_mut(&group) {
                    group.kind = GroupKind::Plain;
                }
            }
        }
    }
    notify::tell_members(state, id, from.account, &ended);
    state.groups.remove(id);
    Reply::empty()
}

/// A group of the community that `jid` names. The speaker has to be in the community.
fn linked<'a>(
    state: &'a mut State,
    from: &Session,
    id: &str,
    request: &Node,
) -> Result<&'a mut Group, Refusal> {
    if !member_of(state, from, id)?.0.is_community() {
        return Err(Refusal::BAD_REQUEST);
    }
    let jid = request.jid("jid").ok_or(Refusal::BAD_REQUEST)?;
    state
        .groups
        .get_mut(jid.user.as_str())
        .filter(|group| group.parent() == Some(id))
        .ok_or(Refusal::NOT_FOUND)
}

/// `<query_linked type="sub_group" jid/>`: a group of the community, also for those who are not in it.
pub(super) fn query_linked(state: &mut State, from: &Session, id: &str, request: &Node) -> Answer {
    let group = linked(state, from, id, request)?.id.clone();
    linked_group(state, &group)
}

fn linked_group(state: &State, id: &str) -> Answer {
    let found = state.groups.get(id).ok_or(Refusal::NOT_FOUND)?;
    let tree = group(state, found, Detail::FULL);
    Reply::node(node("linked_group").children([tree]).build())
}

/// `<join_linked_group jid/>`: somebody of the community comes into one of its groups.
pub(super) fn join(state: &mut State, from: &Session, id: &str, request: &Node) -> Answer {
    let now = state.clock.now();
    let limit = state.settings.group_limit;
    let group = linked(state, from, id, request)?;
    let (group_id, jid) = (group.id.clone(), group.jid());
    if group.members.contains_key(&from.account) {
        return linked_group(state, &group_id);
    }
    if group.members.len() >= limit {
        return Err(Refusal::No(419, "resource-limit"));
    }
    if group.settings.approval {
        join_request::file(
            state,
            &group_id,
            from.account,
            from.account,
            RequestMethod::LinkedGroupJoin,
        );
        return Reply::node(node("membership_approval_request").attr("jid", jid).build());
    }
    group.admit(from.account, now);
    let new = [from.account];
    member::tell_of_new(
        state,
        &group_id,
        from.account,
        &new,
        Some("linked_group_join"),
    );
    linked_group(state, &group_id)
}

/// `<linked_groups_participants/>`: everybody who is in some group of the community.
pub(super) fn participants(state: &mut State, from: &Session, id: &str) -> Answer {
    let (community, _) = member_of(state, from, id)?;
    if !community.is_community() {
        return Err(Refusal::BAD_REQUEST);
    }
    let mode = community.addressing;
    let roles = community.members.clone();
    let everybody: BTreeSet<AccountId> = subgroups(state, id)
        .flat_map(|group| group.members.keys().copied())
        .chain(roles.keys().copied())
        .collect();
    let people: Vec<Node> = everybody
        .into_iter()
        .map(|account| {
            let person = person(state, "participant", account, mode);
            match roles.get(&account).copied().and_then(Role::as_str) {
                Some(role) => person.attr("type", role).build(),
                None => person.build(),
            }
        })
        .collect();
    Reply::node(node("linked_groups_participants").children(people).build())
}

/// `<sub_groups/>`: the groups of the community, shortly.
pub(super) fn list(state: &mut State, from: &Session, id: &str) -> Answer {
    let (community, _) = member_of(state, from, id)?;
    if !community.is_community() {
        return Err(Refusal::BAD_REQUEST);
    }
    let groups: Vec<Node> = subgroups(state, id)
        .map(|group| {
            let creator = group_node::address(state, group.created.by, group.addressing);
            let tree = node("group")
                .attr("id", group.id.as_str())
                .attr("subject", group.subject.as_str())
                .attr("s_t", group.subject_set.at)
                .attr("creation", group.created.at)
                .attr("creator", creator)
                .attr("size", group.members.len());
            match group.part() {
                Some(Part::Announcements) => {
                    tree.children([node("default_sub_group").build()]).build()
                }
                _ => tree.build(),
            }
        })
        .collect();
    let parent = Jid::group(id);
    Reply::node(
        node("sub_groups")
            .attr("parent_group_jid", parent)
            .children(groups)
            .build(),
    )
}

//! A group as a node.

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node};

use crate::network::group::{Circle, Group, GroupKind, Part};
use crate::network::{AccountId, Addressing, State};
use crate::node::node;

/// How much of a group is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Detail {
    pub(crate) participants: bool,
    pub(crate) description: bool,
}

impl Detail {
    pub(crate) const FULL: Self = Self {
        participants: true,
        description: true,
    };
}

/// An account's address as a group uses it; accounts are never removed, so that this is always one.
pub(crate) fn address(state: &State, account: AccountId, addressing: Addressing) -> Jid {
    state
        .account(account)
        .map(|account| account.jid(addressing))
        .unwrap_or_default()
}

/// A node about an account: its address as `jid`, and the other one beside it.
pub(crate) fn person(
    state: &State,
    tag: &'static str,
    account: AccountId,
    addressing: Addressing,
) -> NodeBuilder {
    let other = match addressing {
        Addressing::Lid => "phone_number",
        Addressing::Pn => "lid",
    };
    node(tag)
        .attr("jid", address(state, account, addressing))
        .attr(other, address(state, account, addressing.other()))
}

/// `<group>` with everybody in it, for its members.
pub(crate) fn group(state: &State, group: &Group, detail: Detail) -> Node {
    let participants = if detail.participants {
        group.member_ids()
    } else {
        Vec::new()
    };
    group_with(state, group, &participants, detail.description, Vec::new())
}

/// `<group>` with some of its participants, and further children.
pub(super) fn group_with(
    state: &State,
    group: &Group,
    participants: &[AccountId],
    description: bool,
    more: Vec<Node>,
) -> Node {
    let mode = group.addressing;
    let mut children: Vec<Node> = participants
        .iter()
        .filter_map(|id| {
            let role = *group.members.get(id)?;
            let person = person(state, "participant", *id, mode);
            Some(match role.as_str() {
                Some(role) => person.attr("type", role).build(),
                None => person.build(),
            })
        })
        .collect();
    children.extend(more);
    if description && let Some(description) = &group.description {
        let by = description.set.by;
        children.push(
            marked(
                state,
                node("description").attr("id", description.id.as_str()),
                ["participant", "participant_pn"],
                by,
                mode,
            )
            .attr("t", description.set.at)
            .children([node("body")
                .bytes(description.text.as_bytes().to_vec())
                .build()])
            .build(),
        );
    }
    children.extend(setting_nodes(group));
    children.extend(kind_nodes(group));
    let tree = node("group")
        .attr("id", group.id.as_str())
        .attr("subject", group.subject.as_str())
        .attr("addressing_mode", mode.as_str())
        .attr("creation", group.created.at)
        .attr("s_t", group.subject_set.at)
        .attr("size", group.members.len());
    let tree = marked(
        state,
        tree,
        ["creator", "creator_pn"],
        group.created.by,
        mode,
    );
    marked(state, tree, ["s_o", "s_o_pn"], group.subject_set.by, mode)
        .children(children)
        .build()
}

/// Adds who did something: by LID with the phone number beside it, or by phone number alone.
fn marked(
    state: &State,
    builder: NodeBuilder,
    [key, key_pn]: [&'static str; 2],
    by: AccountId,
    mode: Addressing,
) -> NodeBuilder {
    let builder = builder.attr(key, address(state, by, mode));
    match mode {
        Addressing::Lid => builder.attr(key_pn, address(state, by, Addressing::Pn)),
        Addressing::Pn => builder,
    }
}

fn setting_nodes(group: &Group) -> Vec<Node> {
    let settings = &group.settings;
    let flags = [
        (settings.locked, "locked"),
        (settings.announcement, "announcement"),
        (settings.no_frequently_forwarded, "no_frequently_forwarded"),
        (settings.admin_reports, "allow_admin_reports"),
        (settings.group_history, "group_history"),
        (settings.limit_sharing, "limit_sharing_enabled"),
    ];
    let mut nodes: Vec<Node> = flags
        .into_iter()
        .filter(|(on, _)| *on)
        .map(|(_, tag)| node(tag).build())
        .collect();
    if let Some(ephemeral) = settings.ephemeral {
        nodes.push(self::ephemeral(ephemeral));
    }
    if settings.approval {
        nodes.push(approval(true));
    }
    let text = |tag, text: &'static str| node(tag).string_content(text).build();
    nodes.push(text("member_add_mode", add_mode(settings.adding)));
    nodes.push(text(
        "member_link_mode",
        match settings.links {
            Circle::Admins => "admin_link",
            Circle::Everyone => "all_member_link",
        },
    ));
    nodes.push(text(
        "member_share_group_history_mode",
        match settings.history {
            Circle::Admins => "admin_share",
            Circle::Everyone => "all_member_share",
        },
    ));
    nodes
}

fn kind_nodes(group: &Group) -> Vec<Node> {
    match &group.kind {
        GroupKind::Plain => Vec::new(),
        GroupKind::Community {
            closed,
            members_create_groups,
        } => {
            let parent = node("parent");
            let parent = if *closed {
                parent.attr("default_membership_approval_mode", "request_required")
            } else {
                parent
            };
            let mut nodes = vec![parent.build()];
            if *members_create_groups {
                nodes.push(node("allow_non_admin_sub_group_creation").build());
            }
            nodes
        }
        GroupKind::Linked { parent, part } => {
            let mut nodes = vec![
                node("linked_parent")
                    .attr("jid", Jid::group(parent.as_str()))
                    .build(),
            ];
            match part {
                Part::Announcements => nodes.push(node("default_sub_group").build()),
                Part::GeneralChat => nodes.push(node("general_chat").build()),
                Part::Ordinary => {}
            }
            nodes
        }
    }
}

/// `<ephemeral>`.
pub(super) fn ephemeral(ephemeral: crate::network::group::Ephemeral) -> Node {
    let tree = node("ephemeral").attr("expiration", ephemeral.seconds);
    match ephemeral.trigger {
        Some(trigger) => tree.attr("trigger", trigger).build(),
        None => tree.build(),
    }
}

/// `<membership_approval_mode>`.
pub(super) fn approval(on: bool) -> Node {
    let state = if on { "on" } else { "off" };
    node("membership_approval_mode")
        .children([node("group_join").attr("state", state).build()])
        .build()
}

/// The words of `member_add_mode`.
pub(super) fn add_mode(circle: Circle) -> &'static str {
    match circle {
        Circle::Admins => "admin_add",
        Circle::Everyone => "all_member_add",
    }
}

//! `<create>`: a new group, a new community, or a new group in a community.

use wacore_binary::Node;

use super::super::answer::{Answer, Refusal, Reply};
use super::member::{self, Verdict};
use super::node::{self as group_node, Detail};
use super::setting::Change;
use super::{community, member_of, notify};
use crate::network::group::{Description, Group, GroupKind, GroupSettings, Mark, Part};
use crate::network::{AccountId, Session, State};
use crate::node::{NodeExt as _, node};

/// The longest subject, in characters.
pub(super) const SUBJECT_LIMIT: usize = 100;

pub(super) fn answer(state: &mut State, from: &Session, request: &Node) -> Answer {
    let subject = request.text("subject").into_owned();
    if subject.is_empty() || subject.chars().count() > SUBJECT_LIMIT {
        return Err(Refusal::NOT_ACCEPTABLE);
    }
    let plan = Plan::read(state, from, request)?;
    let mark = Mark {
        by: from.account,
        at: state.clock.now(),
    };
    let id = found(state, subject, mark, plan.kind, plan.settings);
    let mut failed = Vec::new();
    let mut invited = Vec::new();
    for person in request.nodes_named("participant") {
        match member::judge(state, from.account, &id, person) {
            Verdict::Welcome(account) => invited.push(account),
            Verdict::Already(_) => {}
            Verdict::Refused(node) => failed.push(node),
        }
    }
    if let Some(group) = state.groups.get_mut(&id) {
        group.description = plan.description.map(|(id, text)| Description {
            id,
            text,
            set: mark,
        });
        for account in &invited {
            group.admit(*account, mark.at);
        }
    }
    if plan.general_chat {
        community::found_part(state, &id, "General", mark, Part::GeneralChat);
    }
    if let Some(group) = state.groups.get(&id)
        && group.is_community()
    {
        let subject = group.subject.clone();
        community::found_part(state, &id, &subject, mark, Part::Announcements);
    }
    community::admit_to_surroundings(state, &id, &invited, mark);
    announce(state, from, &id, &request.text("key"));
    let group = state.groups.get(&id).ok_or(Refusal::NOT_FOUND)?;
    Reply::node(group_node::group_with(
        state,
        group,
        &group.member_ids(),
        true,
        failed,
    ))
}

/// What is wanted, beside the subject and the participants.
struct Plan {
    kind: GroupKind,
    settings: GroupSettings,
    description: Option<(String, String)>,
    general_chat: bool,
}

impl Plan {
    fn read(state: &mut State, from: &Session, request: &Node) -> Result<Self, Refusal> {
        let mut plan = Self {
            kind: GroupKind::Plain,
            settings: GroupSettings::default(),
            description: None,
            general_chat: false,
        };
        for child in request.nodes() {
            match child.tag.as_ref() {
                "participant" | "allow_non_admin_sub_group_creation" => {}
                "description" => {
                    let text = child
                        .child("body")
                        .map(|body| body.body_text().into_owned());
                    let text = text.unwrap_or_default();
                    if !text.is_empty() {
                        plan.description = Some((child.text("id").into_owned(), text));
                    }
                }
                "parent" => {
                    let approval = child.text("default_membership_approval_mode");
                    plan.kind = GroupKind::Community {
                        closed: approval == "request_required",
                        members_create_groups: request
                            .child("allow_non_admin_sub_group_creation")
                            .is_some(),
                    };
                }
                "linked_parent" => {
                    let parent = child.jid("jid").ok_or(Refusal::BAD_REQUEST)?;
                    let (community, role) = member_of(state, from, &parent.user)?;
                    let GroupKind::Community {
                        members_create_groups,
                        ..
                    } = community.kind
                    else {
                        return Err(Refusal::BAD_REQUEST);
                    };
                    if !role.is_admin() && !members_create_groups {
                        return Err(Refusal::FORBIDDEN);
                    }
                    plan.kind = GroupKind::Linked {
                        parent: parent.user.to_string(),
                        part: Part::Ordinary,
                    };
                }
                "create_general_chat" => plan.general_chat = true,
                "ephemeral" if child.parsed("expiration") == Some(0u32) => {}
                _ => Change::read(child)?.apply(&mut plan.settings),
            }
        }
        plan.general_chat &= matches!(plan.kind, GroupKind::Community { .. });
        if let GroupKind::Community { closed: true, .. } = plan.kind {
            plan.settings.approval = true;
        }
        Ok(plan)
    }
}

/// Makes the group itself, with its creator alone. Returns its id.
pub(super) fn found(
    state: &mut State,
    subject: String,
    mark: Mark,
    kind: GroupKind,
    settings: GroupSettings,
) -> String {
    let id = loop {
        let id = format!("120363{:012}", state.random.below(1_000_000_000_000));
        if !state.groups.contains_key(&id) {
            break id;
        }
    };
    let code = invite_code(state);
    let addressing = state.settings.group_addressing;
    let group = Group {
        kind,
        settings,
        ..Group::new(id.clone(), subject, mark, addressing, code)
    };
    state.groups.insert(id.clone(), group);
    id
}

/// A code as invite links carry it: 22 characters.
pub(crate) fn invite_code(state: &mut State) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    (0..22)
        .filter_map(|_| {
            let place = state.random.below(ALPHABET.len() as u64);
            ALPHABET.get(usize::try_from(place).ok()?)
        })
        .map(|byte| char::from(*byte))
        .collect()
}

fn announce(state: &mut State, from: &Session, id: &str, key: &str) {
    let Some(group) = state.groups.get(id) else {
        return;
    };
    let members: Vec<AccountId> = group.member_ids();
    let tree = group_node::group(state, group, Detail::FULL);
    let create = node("create").attr("type", "new");
    let create = if key.is_empty() {
        create
    } else {
        create.attr("key", key)
    };
    let create = create.children([tree]).build();
    notify::tell(state, id, from.account, members, &[create]);
}

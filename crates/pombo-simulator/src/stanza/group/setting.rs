//! Switches that admins turn: one child node, named after the switch.

use wacore_binary::Node;

use super::super::answer::{Answer, Refusal, Reply};
use super::node::{add_mode, approval, ephemeral};
use super::notify;
use super::rights::admin_of;
use crate::network::group::{Circle, Ephemeral, GroupKind, GroupSettings};
use crate::network::{Session, State};
use crate::node::{NodeExt as _, node};

/// What the real network accepts for groups: a day, a week, ninety days.
const EPHEMERAL_SECONDS: [u32; 3] = [86_400, 604_800, 7_776_000];

/// One switch, in its new position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Announcement(bool),
    Locked(bool),
    Ephemeral(Option<Ephemeral>),
    Approval(bool),
    Adding(Circle),
    Links(Circle),
    History(Circle),
    NoFrequentlyForwarded(bool),
    AdminReports(bool),
    GroupHistory(bool),
    LimitSharing(bool),
}

impl Change {
    /// Reads the node that asks for it.
    pub(super) fn read(request: &Node) -> Result<Self, Refusal> {
        Ok(match request.tag.as_ref() {
            "announcement" => Self::Announcement(true),
            "not_announcement" => Self::Announcement(false),
            "locked" => Self::Locked(true),
            "unlocked" => Self::Locked(false),
            "ephemeral" => {
                let seconds = request.parsed("expiration").ok_or(Refusal::BAD_REQUEST)?;
                match seconds {
                    0 => Self::Ephemeral(None),
                    _ if !EPHEMERAL_SECONDS.contains(&seconds) => return Err(Refusal::BAD_REQUEST),
                    _ => Self::Ephemeral(Some(Ephemeral {
                        seconds,
                        trigger: request.parsed("trigger"),
                    })),
                }
            }
            "not_ephemeral" => Self::Ephemeral(None),
            "membership_approval_mode" => {
                let join = request.child("group_join").ok_or(Refusal::BAD_REQUEST)?;
                match join.text("state").as_ref() {
                    "on" => Self::Approval(true),
                    "off" => Self::Approval(false),
                    _ => return Err(Refusal::BAD_REQUEST),
                }
            }
            "member_add_mode" => match request.body_text().as_ref() {
                "admin_add" => Self::Adding(Circle::Admins),
                "all_member_add" => Self::Adding(Circle::Everyone),
                _ => return Err(Refusal::BAD_REQUEST),
            },
            "member_link_mode" => match request.body_text().as_ref() {
                "admin_link" => Self::Links(Circle::Admins),
                "all_member_link" => Self::Links(Circle::Everyone),
                _ => return Err(Refusal::BAD_REQUEST),
            },
            "no_frequently_forwarded" => Self::NoFrequentlyForwarded(true),
            "frequently_forwarded_ok" => Self::NoFrequentlyForwarded(false),
            "allow_admin_reports" => Self::AdminReports(true),
            "not_allow_admin_reports" => Self::AdminReports(false),
            "group_history" => Self::GroupHistory(true),
            "no_group_history" => Self::GroupHistory(false),
            _ => return Err(Refusal::Unknown),
        })
    }

    pub(super) fn apply(self, settings: &mut GroupSettings) {
        match self {
            Self::Announcement(on) => settings.announcement = on,
            Self::Locked(on) => settings.locked = on,
            Self::Ephemeral(ephemeral) => settings.ephemeral = ephemeral,
            Self::Approval(on) => settings.approval = on,
            Self::Adding(circle) => settings.adding = circle,
            Self::Links(circle) => settings.links = circle,
            Self::History(circle) => settings.history = circle,
            Self::NoFrequentlyForwarded(on) => settings.no_frequently_forwarded = on,
            Self::AdminReports(on) => settings.admin_reports = on,
            Self::GroupHistory(on) => settings.group_history = on,
            Self::LimitSharing(on) => settings.limit_sharing = on,
        }
    }

    /// What members are told. `None` when clients are not told but ask.
    fn notice(self) -> Option<Node> {
        let flag = |on, yes, no| node(if on { yes } else { no }).build();
        Some(match self {
            Self::Announcement(on) => flag(on, "announcement", "not_announcement"),
            Self::Locked(on) => flag(on, "locked", "unlocked"),
            Self::Ephemeral(Some(setting)) => ephemeral(setting),
            Self::Ephemeral(None) => node("not_ephemeral").build(),
            Self::Approval(on) => approval(on),
            Self::Adding(circle) => node("member_add_mode")
                .string_content(add_mode(circle))
                .build(),
            Self::NoFrequentlyForwarded(on) => {
                flag(on, "no_frequently_forwarded", "frequently_forwarded_ok")
            }
            Self::AdminReports(on) => flag(on, "allow_admin_reports", "not_allow_admin_reports"),
            Self::LimitSharing(true) => node("limit_sharing_enabled").build(),
            Self::LimitSharing(false)
            | Self::Links(_)
            | Self::History(_)
            | Self::GroupHistory(_) => {
                return None;
            }
        })
    }
}

/// A switch of a group, by one of its admins.
pub(super) fn change(state: &mut State, from: &Session, id: &str, request: &Node) -> Answer {
    match request.tag.as_ref() {
        "allow_non_admin_sub_group_creation" => creation(state, from, id, true),
        "not_allow_non_admin_sub_group_creation" => creation(state, from, id, false),
        _ => {
            let change = Change::read(request)?;
            set(state, from, id, change)?;
            Reply::empty()
        }
    }
}

/// Turns a switch and tells the members.
pub(crate) fn set(
    state: &mut State,
    from: &Session,
    id: &str,
    change: Change,
) -> Result<(), Refusal> {
    change.apply(&mut admin_of(state, from, id)?.settings);
    if let Some(notice) = change.notice() {
        notify::tell_members(state, id, from.account, &[notice]);
    }
    Ok(())
}

/// Whether members of a community who are no admins may create groups in it.
fn creation(state: &mut State, from: &Session, id: &str, allowed: bool) -> Answer {
    match &mut admin_of(state, from, id)?.kind {
        GroupKind::Community {
            members_create_groups,
            ..
        } => *members_create_groups = allowed,
        GroupKind::Plain | GroupKind::Linked { .. } => return Err(Refusal::BAD_REQUEST),
    }
    let tag = if allowed {
        "allow_non_admin_sub_group_creation"
    } else {
        "not_allow_non_admin_sub_group_creation"
    };
    notify::tell_members(state, id, from.account, &[node(tag).build()]);
    Reply::empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_durations_that_the_real_network_offers() {
        let ephemeral =
            |seconds: u32| Change::read(&node("ephemeral").attr("expiration", seconds).build());
        assert!(matches!(ephemeral(604_800), Ok(Change::Ephemeral(Some(_)))));
        assert_eq!(ephemeral(0), Ok(Change::Ephemeral(None)));
        assert_eq!(ephemeral(60), Err(Refusal::BAD_REQUEST));
    }

    #[test]
    fn an_unknown_switch_is_not_known() {
        assert_eq!(
            Change::read(&node("gravity").build()),
            Err(Refusal::Unknown)
        );
    }
}

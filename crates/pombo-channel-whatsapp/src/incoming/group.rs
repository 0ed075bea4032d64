//! Groups: made, changed, joined, left.

use pombo_domain::channel::{ChannelEvent, GroupChange, GroupNews};
use pombo_domain::group::{Group, GroupPatch, Participant};
use tracing::debug;
use wacore::stanza::groups::{GroupNotificationAction, GroupParticipantInfo};
use wacore::types::events::{GroupUpdate, PictureUpdate};
use wacore_binary::{Jid, JidExt as _, Node};
use whatsapp_rust::Client;

use crate::query::groups::describe::{self, described, seconds};
use crate::query::groups::question::read;

/// What a change of a group means to the rules; `None` for what they have no word for.
pub(super) fn update(event: &GroupUpdate) -> Option<ChannelEvent> {
    if let GroupNotificationAction::Create { raw } = &event.action {
        return created(raw).map(|group| {
            let author = |jid: &Option<Jid>| jid.as_ref().map(Jid::to_non_ad_string);
            ChannelEvent::Groups(vec![Group {
                author: author(&event.participant),
                author_pn: author(&event.participant_pn),
                ..group
            }])
        });
    }
    Some(ChannelEvent::GroupChanged(GroupNews {
        group: event.group_jid.to_non_ad_string(),
        author: event.participant.as_ref().map(Jid::to_non_ad_string),
        author_pn: event.participant_pn.as_ref().map(Jid::to_non_ad_string),
        change: change(&event.action, event.participant.as_ref())?,
        timestamp: event.timestamp.timestamp(),
    }))
}

/// A group's picture is another one, or gone.
pub(super) fn picture(event: &PictureUpdate) -> ChannelEvent {
    let id = event.picture_id.clone().filter(|_| !event.removed);
    ChannelEvent::GroupChanged(GroupNews {
        group: event.jid.to_non_ad_string(),
        author: event.author.as_ref().map(Jid::to_non_ad_string),
        author_pn: None,
        change: GroupChange::Metadata(Box::new(GroupPatch {
            picture_id: Some(id.unwrap_or_default()),
            ..GroupPatch::default()
        })),
        timestamp: event.timestamp.timestamp(),
    })
}

fn change(action: &GroupNotificationAction, author: Option<&Jid>) -> Option<GroupChange> {
    use GroupNotificationAction as Action;

    let members =
        |action: &'static str, participants: &[GroupParticipantInfo]| GroupChange::Participants {
            action,
            participants: participants.iter().map(member).collect(),
        };
    let requests =
        |action: &'static str, participants: Vec<Participant>| GroupChange::JoinRequest {
            action,
            participants,
        };
    let asking = || author.map(named).into_iter().collect();
    let patch = match action {
        Action::Add { participants, .. } => return Some(members("add", participants)),
        Action::Remove { participants, .. } => return Some(members("remove", participants)),
        Action::Promote { participants } | Action::LinkedGroupPromote { participants } => {
            return Some(members("promote", participants));
        }
        Action::Demote { participants } | Action::LinkedGroupDemote { participants } => {
            return Some(members("demote", participants));
        }
        Action::Modify { participants } => return Some(members("modify", participants)),
        Action::MembershipApprovalRequest { .. } => return Some(requests("created", asking())),
        Action::CreatedMembershipRequests { requests: all, .. } => {
            return Some(requests("created", all.iter().map(member).collect()));
        }
        Action::RevokedMembershipRequests { participants } => {
            let by_self = matches!((author, participants.as_slice()), (Some(author), [only]) if author.is_same_user_as(only));
            let what = if by_self { "revoked" } else { "rejected" };
            return Some(requests(what, participants.iter().map(named).collect()));
        }
        Action::Subject {
            subject,
            subject_owner,
            subject_time,
        } => GroupPatch {
            subject: Some(subject.clone()),
            subject_owner: subject_owner.as_ref().map(Jid::to_non_ad_string),
            subject_time: subject_time.and_then(seconds),
            ..GroupPatch::default()
        },
        Action::Description { id, description } => GroupPatch {
            desc: Some(description.clone().unwrap_or_default()),
            desc_id: Some(id.clone()),
            ..GroupPatch::default()
        },
        Action::Locked { .. } | Action::Unlocked => GroupPatch {
            restrict: Some(matches!(action, Action::Locked { .. })),
            ..GroupPatch::default()
        },
        Action::Announce | Action::NotAnnounce => GroupPatch {
            announce: Some(matches!(action, Action::Announce)),
            ..GroupPatch::default()
        },
        Action::Ephemeral { expiration, .. } => GroupPatch {
            ephemeral_duration: Some(*expiration),
            ..GroupPatch::default()
        },
        Action::MembershipApprovalMode { enabled } => GroupPatch {
            join_approval_mode: Some(*enabled),
            ..GroupPatch::default()
        },
        Action::MemberAddMode { mode } => GroupPatch {
            member_add_mode: Some(mode == "all_member_add"),
            ..GroupPatch::default()
        },
        Action::Invite { code } => GroupPatch {
            invite_code: Some(code.clone()),
            ..GroupPatch::default()
        },
        // The new code is only told to those who ask for it.
        Action::RevokeInvite => GroupPatch {
            invite_code: Some(String::new()),
            ..GroupPatch::default()
        },
        Action::Link { link_type, raw } if link_type == "parent_group" => GroupPatch {
            linked_parent: raw.get_optional_child("group").and_then(|group| {
                group
                    .attrs()
                    .optional_string("jid")
                    .map(|jid| jid.to_string())
            }),
            ..GroupPatch::default()
        },
        Action::Unlink { unlink_type, .. } if unlink_type == "parent_group" => GroupPatch {
            linked_parent: Some(String::new()),
            ..GroupPatch::default()
        },
        Action::Delete { .. } | Action::Suspended => GroupPatch {
            deleted: Some(true),
            ..GroupPatch::default()
        },
        Action::Unsuspended => GroupPatch {
            deleted: Some(false),
            ..GroupPatch::default()
        },
        other => {
            debug!("a change of a group is not told: {}", other.wire_tag());
            return None;
        }
    };
    Some(GroupChange::Metadata(Box::new(patch)))
}

fn named(jid: &Jid) -> Participant {
    Participant {
        id: jid.to_non_ad_string(),
        ..Participant::default()
    }
}

fn member(info: &GroupParticipantInfo) -> Participant {
    use wacore::stanza::groups::GroupParticipantType;

    let id = info.jid.to_non_ad_string();
    let other = |jid: &Option<Jid>| {
        jid.as_ref()
            .map(Jid::to_non_ad_string)
            .filter(|jid| *jid != id)
    };
    Participant {
        phone_number: other(&info.phone_number),
        lid: other(&info.lid),
        admin: match info.r#type {
            Some(GroupParticipantType::Admin) => Some("admin".to_owned()),
            Some(GroupParticipantType::SuperAdmin) => Some("superadmin".to_owned()),
            Some(GroupParticipantType::Participant) | None => None,
        },
        id,
    }
}

/// The group that a `<create>` tells of.
fn created(raw: &Node) -> Option<Group> {
    let node = raw.get_optional_child("group")?;
    match read(&node.as_node_ref()) {
        Ok(group) => Some(described(&group)),
        Err(error) => {
            debug!("a new group cannot be read: {error}");
            None
        }
    }
}

/// Adds what the stanza does not tell, and is known here, of the people that it is about.
pub(super) async fn complete(client: &Client, event: &mut ChannelEvent) {
    if let ChannelEvent::Groups(groups) = event {
        for group in groups {
            describe::complete(client, &mut group.participants).await;
        }
    } else if let ChannelEvent::GroupChanged(news) = event {
        match &mut news.change {
            GroupChange::Participants { participants, .. }
            | GroupChange::JoinRequest { participants, .. } => {
                describe::complete(client, participants).await;
            }
            GroupChange::Metadata(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use wacore_binary::builder::NodeBuilder;
    use whatsapp_rust::wacore::chrono::DateTime;

    use super::super::key::tests::jid;
    use super::*;

    const GROUP: &str = "120363002866886739@g.us";

    fn seen(action: GroupNotificationAction) -> Option<ChannelEvent> {
        update(
            &GroupUpdate::builder()
                .group_jid(jid(GROUP))
                .participant(jid("5511900000001:2@s.whatsapp.net"))
                .timestamp(DateTime::from_timestamp(1_795_398_127, 0).expect("a time"))
                .is_lid_addressing_mode(false)
                .action(action)
                .build(),
        )
    }

    fn news(action: GroupNotificationAction) -> GroupChange {
        match seen(action) {
            Some(ChannelEvent::GroupChanged(news)) => {
                assert_eq!(news.group, GROUP);
                assert_eq!(news.author.as_deref(), Some("5511900000001@s.whatsapp.net"));
                assert_eq!(news.timestamp, 1_795_398_127);
                news.change
            }
            other => panic!("not a change of a group: {other:?}"),
        }
    }

    #[test]
    fn members_are_shown_with_both_identities() {
        let node = NodeBuilder::new("add")
            .children([NodeBuilder::new("participant")
                .attr("jid", "108205380617684@lid")
                .attr("phone_number", "5511900000002@s.whatsapp.net")
                .attr("type", "admin")
                .build()])
            .build();
        let notification = NodeBuilder::new("notification")
            .attr("from", GROUP)
            .attr("t", "1795398127")
            .children([node])
            .build();
        let parsed = wacore::stanza::groups::GroupNotification::try_from_node_ref(
            &notification.as_node_ref(),
        )
        .expect("a notification");
        let action = parsed.actions.into_iter().next().expect("an action");
        let GroupChange::Participants {
            action,
            participants,
        } = news(action)
        else {
            panic!("not about members");
        };
        assert_eq!(action, "add");
        assert_eq!(
            participants,
            [Participant {
                id: "108205380617684@lid".to_owned(),
                phone_number: Some("5511900000002@s.whatsapp.net".to_owned()),
                lid: None,
                admin: Some("admin".to_owned()),
            }]
        );
    }

    #[test]
    fn settings_are_patches_of_what_changed() {
        let patch = |action| match news(action) {
            GroupChange::Metadata(patch) => *patch,
            other => panic!("not about the group itself: {other:?}"),
        };
        let changed = patch(GroupNotificationAction::Subject {
            subject: "New".to_owned(),
            subject_owner: None,
            subject_time: Some(5),
        });
        assert_eq!(
            (changed.subject.as_deref(), changed.subject_time),
            (Some("New"), Some(5))
        );
        assert_eq!(changed.restrict, None);
        assert_eq!(
            patch(GroupNotificationAction::Unlocked).restrict,
            Some(false)
        );
        assert_eq!(
            patch(GroupNotificationAction::Announce).announce,
            Some(true)
        );
        let gone = patch(GroupNotificationAction::Description {
            id: "D".to_owned(),
            description: None,
        });
        assert_eq!(gone.desc.as_deref(), Some(""));
        let open = GroupNotificationAction::MemberAddMode {
            mode: "all_member_add".to_owned(),
        };
        assert_eq!(patch(open).member_add_mode, Some(true));
    }

    #[test]
    fn who_takes_a_request_back_did_not_reject_it() {
        for (who, wanted) in [
            ("5511900000001@s.whatsapp.net", "revoked"),
            ("5511900000003@s.whatsapp.net", "rejected"),
        ] {
            let change = news(GroupNotificationAction::RevokedMembershipRequests {
                participants: vec![jid(who)],
            });
            assert!(matches!(change, GroupChange::JoinRequest { action, .. } if action == wanted));
        }
    }

    #[test]
    fn a_new_group_comes_whole() {
        let group = NodeBuilder::new("group")
            .attr("id", "120363002866886739")
            .attr("subject", "Team")
            .attr("s_t", "1795398127")
            .attr("s_o", "5511900000001@s.whatsapp.net")
            .attr("creation", "1795398127")
            .attr("creator", "5511900000001@s.whatsapp.net")
            .attr("addressing_mode", "pn")
            .children([
                NodeBuilder::new("participant")
                    .attr("jid", "5511900000001@s.whatsapp.net")
                    .attr("lid", "108205380617683@lid")
                    .attr("type", "superadmin")
                    .build(),
                NodeBuilder::new("announcement").build(),
            ])
            .build();
        let raw = NodeBuilder::new("create").children([group]).build();
        let Some(ChannelEvent::Groups(groups)) = seen(GroupNotificationAction::Create { raw })
        else {
            panic!("not a new group");
        };
        let group = &groups[0];
        assert_eq!(group.id, GROUP);
        assert_eq!(group.subject, "Team");
        assert_eq!(
            (group.size, group.announce, group.restrict),
            (1, true, false)
        );
        assert_eq!(group.participants[0].admin.as_deref(), Some("superadmin"));
        assert_eq!(
            group.participants[0].lid.as_deref(),
            Some("108205380617683@lid")
        );
    }

    #[test]
    fn what_has_no_word_is_not_told() {
        assert!(seen(GroupNotificationAction::Reports).is_none());
    }
}

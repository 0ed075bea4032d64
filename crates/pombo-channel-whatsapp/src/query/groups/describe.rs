//! Groups and members as the rules know them.

use pombo_domain::group::{Group, Participant};
use wacore_binary::Jid;
use whatsapp_rust::{Client, GroupMetadata, GroupParticipant, MemberAddMode, ParticipantType};

use crate::incoming::other_identity;

/// A group as the network describes it.
pub(crate) fn described(group: &GroupMetadata) -> Group {
    let text = |jid: &Option<Jid>| jid.as_ref().map(Jid::to_non_ad_string);
    let participants: Vec<_> = group.participants.iter().map(member).collect();
    Group {
        id: group.id.to_non_ad_string(),
        addressing_mode: Some(group.addressing_mode.as_str().to_owned()),
        subject: group.subject.clone(),
        subject_owner: text(&group.subject_owner),
        subject_owner_pn: text(&group.subject_owner_pn),
        subject_time: group.subject_time.and_then(seconds),
        size: group
            .size
            .unwrap_or_else(|| u32::try_from(participants.len()).unwrap_or(u32::MAX)),
        creation: group.creation_time.and_then(seconds),
        owner: text(&group.creator),
        owner_country_code: group.creator_country_code.clone(),
        owner_pn: text(&group.creator_pn),
        desc: group.description.clone(),
        desc_id: group.description_id.clone(),
        desc_owner: text(&group.description_owner),
        desc_time: group.description_time.and_then(seconds),
        linked_parent: text(&group.parent_group_jid),
        restrict: group.is_locked,
        announce: group.is_announcement,
        is_community: group.is_parent_group,
        is_community_announce: group.is_default_sub_group,
        join_approval_mode: group.membership_approval || group.parent_membership_approval_required,
        member_add_mode: matches!(group.member_add_mode, Some(MemberAddMode::AllMemberAdd)),
        ephemeral_duration: group.ephemeral.as_ref().and_then(|timer| timer.expiration),
        participants,
        author: None,
        author_pn: None,
    }
}

pub(crate) fn member(info: &GroupParticipant) -> Participant {
    let id = info.jid.to_non_ad_string();
    let other = |jid: &Option<Jid>| {
        jid.as_ref()
            .map(Jid::to_non_ad_string)
            .filter(|jid| *jid != id)
    };
    Participant {
        phone_number: other(&info.phone_number),
        lid: other(&info.lid),
        admin: match info.participant_type {
            ParticipantType::Admin => Some("admin".to_owned()),
            ParticipantType::SuperAdmin => Some("superadmin".to_owned()),
            ParticipantType::Member => None,
        },
        id,
    }
}

pub(crate) fn seconds(time: u64) -> Option<i64> {
    i64::try_from(time).ok().filter(|time| *time > 0)
}

/// Adds the other identity of those of whom the network told only one, as far as it is known here; asks nobody.
pub(crate) async fn complete(client: &Client, people: &mut [Participant]) {
    for person in people {
        let Ok(jid) = person.id.parse::<Jid>() else {
            continue;
        };
        let missing = if jid.is_lid() {
            &mut person.phone_number
        } else {
            &mut person.lid
        };
        if missing.is_none() {
            *missing = other_identity(client, &jid)
                .await
                .map(|jid| jid.to_non_ad_string());
        }
    }
}

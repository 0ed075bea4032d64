//! A group as `findGroupInfos` and `fetchAllGroups` show it.

use pombo_domain::group::{Group, Participant};
use serde::Serialize;

/// `{id, subject, subjectOwner, .., pictureUrl, .., participants?, ..}`; members that are not known are absent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GroupInfo<'a> {
    id: &'a str,
    subject: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject_owner: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject_time: Option<i64>,
    picture_url: Option<&'a str>,
    size: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    creation: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    desc: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    desc_id: Option<&'a str>,
    restrict: bool,
    announce: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    participants: Option<&'a [Participant]>,
    is_community: bool,
    is_community_announce: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    linked_parent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    addressing_mode: Option<&'a str>,
    join_approval_mode: bool,
    member_add_mode: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    ephemeral_duration: Option<u32>,
}

impl<'a> GroupInfo<'a> {
    pub(super) fn of(group: &'a Group, picture_url: Option<&'a str>, participants: bool) -> Self {
        Self {
            id: &group.id,
            subject: &group.subject,
            subject_owner: group.subject_owner.as_deref(),
            subject_time: group.subject_time,
            picture_url,
            size: group.size,
            creation: group.creation,
            owner: group.owner.as_deref(),
            desc: group.desc.as_deref(),
            desc_id: group.desc_id.as_deref(),
            restrict: group.restrict,
            announce: group.announce,
            participants: participants.then_some(group.participants.as_slice()),
            is_community: group.is_community,
            is_community_announce: group.is_community_announce,
            linked_parent: group.linked_parent.as_deref(),
            addressing_mode: group.addressing_mode.as_deref(),
            join_approval_mode: group.join_approval_mode,
            member_add_mode: group.member_add_mode,
            ephemeral_duration: group.ephemeral_duration,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{json, to_string};

    use super::*;

    #[test]
    fn a_group_is_shown_as_recorded() {
        let group = Group {
            id: "120363002866886739@g.us".to_owned(),
            addressing_mode: Some("pn".to_owned()),
            subject: "Team".to_owned(),
            subject_owner: Some("5511900000001@s.whatsapp.net".to_owned()),
            subject_time: Some(1_795_398_127),
            size: 3,
            creation: Some(1_795_398_127),
            owner: Some("5511900000001@s.whatsapp.net".to_owned()),
            desc: Some("the team".to_owned()),
            desc_id: Some("3EB032221FDA62E7978450".to_owned()),
            ..Group::default()
        };
        // Source: recorded with the original, v2.3.6; what is ours comes last.
        let recorded = r#"{"id":"120363002866886739@g.us","subject":"Team","subjectOwner":"5511900000001@s.whatsapp.net","subjectTime":1795398127,"pictureUrl":null,"size":3,"creation":1795398127,"owner":"5511900000001@s.whatsapp.net","desc":"the team","descId":"3EB032221FDA62E7978450","restrict":false,"announce":false,"isCommunity":false,"isCommunityAnnounce":false"#;
        let shown = to_string(&GroupInfo::of(&group, None, false)).unwrap();
        assert_eq!(
            shown,
            format!(
                r#"{recorded},"addressingMode":"pn","joinApprovalMode":false,"memberAddMode":false}}"#
            )
        );
        let whole = json!(GroupInfo::of(&group, Some("u"), true));
        assert_eq!(
            (&whole["participants"], &whole["pictureUrl"]),
            (&json!([]), &json!("u"))
        );
    }
}

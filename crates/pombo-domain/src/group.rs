//! Groups and their members, in the JSON that clients of the original know.

use serde::{Deserialize, Serialize};

/// A member of a group. JSON: `{id, phoneNumber?, lid?, admin}`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Participant {
    /// The member's JID in the group's addressing mode.
    pub id: String,
    /// The phone-number JID, where `id` is a LID and the number is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    /// The LID, where `id` is a phone number and the LID is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lid: Option<String>,
    /// `admin`, `superadmin`, or `null`.
    pub admin: Option<String>,
}

impl Participant {
    /// Whether this JID is one of theirs.
    #[must_use]
    pub fn is(&self, jid: &str) -> bool {
        self.id == jid
            || self.phone_number.as_deref() == Some(jid)
            || self.lid.as_deref() == Some(jid)
    }

    /// The phone-number JID, when known.
    #[must_use]
    pub fn number(&self) -> Option<&str> {
        self.phone_number
            .as_deref()
            .or_else(|| Some(self.id.as_str()).filter(|id| id.ends_with("@s.whatsapp.net")))
    }
}

/// A group with all that is known of it. JSON as `group/create` answers and `groups.upsert` tells.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Group {
    /// `...@g.us`
    pub id: String,
    /// `lid` or `pn`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addressing_mode: Option<String>,
    /// Its name.
    pub subject: String,
    /// Who named it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_owner: Option<String>,
    /// Their phone-number JID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_owner_pn: Option<String>,
    /// When: seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_time: Option<i64>,
    /// Number of members.
    pub size: u32,
    /// When it was made: seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creation: Option<i64>,
    /// Who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Their country, such as `BR`.
    #[serde(rename = "owner_country_code", skip_serializing_if = "Option::is_none")]
    pub owner_country_code: Option<String>,
    /// Their phone-number JID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_pn: Option<String>,
    /// Description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desc: Option<String>,
    /// Id of the description, needed to replace it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desc_id: Option<String>,
    /// Who wrote the description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desc_owner: Option<String>,
    /// When: seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desc_time: Option<i64>,
    /// The community it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub linked_parent: Option<String>,
    /// Only admins change subject, picture, description.
    pub restrict: bool,
    /// Only admins write.
    pub announce: bool,
    /// It is a community.
    pub is_community: bool,
    /// It is a community's announcement group.
    pub is_community_announce: bool,
    /// Admins approve new members.
    pub join_approval_mode: bool,
    /// Every member may add others.
    pub member_add_mode: bool,
    /// Messages disappear after so many seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ephemeral_duration: Option<u32>,
    /// The members.
    pub participants: Vec<Participant>,
    /// Who has just made it or taken the account into it; only when a new group is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Their phone-number JID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author_pn: Option<String>,
}

impl Group {
    /// The member with this JID, under whichever identity it is known.
    #[must_use]
    pub fn member(&self, jid: &str) -> Option<&Participant> {
        self.participants
            .iter()
            .find(|participant| participant.is(jid))
    }
}

/// What changed about a group: only what changed is set. JSON as in `groups.update`, without `id` and `author`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GroupPatch {
    /// New name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Who named it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_owner: Option<String>,
    /// When: seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_time: Option<i64>,
    /// New description; empty: removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desc: Option<String>,
    /// Id of the description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desc_id: Option<String>,
    /// Only admins change the group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restrict: Option<bool>,
    /// Only admins write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub announce: Option<bool>,
    /// Messages disappear after so many seconds; 0: not any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ephemeral_duration: Option<u32>,
    /// Admins approve new members.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub join_approval_mode: Option<bool>,
    /// Every member may add others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member_add_mode: Option<bool>,
    /// New invite code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invite_code: Option<String>,
    /// The community it was linked to; empty: taken out of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub linked_parent: Option<String>,
    /// The picture changed: its id; empty: removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture_id: Option<String>,
    /// The group was deleted or suspended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted: Option<bool>,
}

/// A group that is to be made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewGroup {
    /// Its name, at most 100 characters.
    pub subject: String,
    /// Its description, at most 2048 characters.
    pub description: Option<String>,
    /// JIDs of those who are to be in it, beside the account.
    pub participants: Vec<String>,
}

/// A change of a group. A closed set: match it without `_`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupSetting {
    /// Its name, at most 100 characters.
    Subject(String),
    /// Its description, at most 2048 characters; empty: none.
    Description(String),
    /// Only admins write.
    Announce(bool),
    /// Only admins change subject, picture, description.
    Restrict(bool),
    /// Messages disappear after so many seconds; 0: not any more.
    Ephemeral(u32),
    /// Admins approve new members.
    JoinApproval(bool),
    /// Every member may add others.
    MemberAdd(bool),
}

/// What is done with members. A closed set: match it without `_`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MemberAction {
    /// Take them into the group.
    Add,
    /// Throw them out.
    Remove,
    /// Make them admins.
    Promote,
    /// Make them ordinary members.
    Demote,
    /// Let in those who ask for it.
    Approve,
    /// Do not let them in.
    Reject,
}

impl MemberAction {
    /// The spelling that clients use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Remove => "remove",
            Self::Promote => "promote",
            Self::Demote => "demote",
            Self::Approve => "approve",
            Self::Reject => "reject",
        }
    }
}

/// What came of an action for one member. JSON: `{status, jid, content}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MemberResult {
    /// `200`, or the network's code for why not: `403` their privacy, `404` not on WhatsApp or not a member, `409` a member already.
    pub status: String,
    /// Who.
    pub jid: String,
    /// The network's own words: `{tag, attrs, content?}`.
    pub content: serde_json::Value,
}

/// Somebody who asks to be let in. JSON: `{id, phoneNumber?, lid?, requestTime?}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JoinRequest {
    /// Their JID in the group's addressing mode.
    pub id: String,
    /// The phone-number JID, where `id` is a LID and the number is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    /// The LID, where `id` is a phone number and the LID is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lid: Option<String>,
    /// When they asked: seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_time: Option<i64>,
}

/// What came of following an invite link. A closed set: match it without `_`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Joining {
    /// The account is in the group.
    Joined(String),
    /// An admin of the group has to let it in.
    Asked(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_under_both_identities() {
        let by_lid = Participant {
            id: "108205380617684@lid".to_owned(),
            phone_number: Some("5511900000002@s.whatsapp.net".to_owned()),
            ..Participant::default()
        };
        let group = Group {
            participants: vec![by_lid.clone()],
            ..Group::default()
        };
        for jid in ["108205380617684@lid", "5511900000002@s.whatsapp.net"] {
            assert_eq!(group.member(jid), Some(&by_lid));
        }
        assert_eq!(group.member("5511900000003@s.whatsapp.net"), None);
        assert_eq!(by_lid.number(), Some("5511900000002@s.whatsapp.net"));
        assert_eq!(Participant::default().number(), None);
    }
}

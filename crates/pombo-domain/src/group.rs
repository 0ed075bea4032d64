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

//! Communities: groups of groups.

use serde::{Deserialize, Serialize};

/// A community that is to be made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewCommunity {
    /// Its name.
    pub subject: String,
    /// Its description.
    pub description: Option<String>,
    /// Admins approve who joins.
    pub closed: bool,
    /// Every member may make groups in it.
    pub members_create_groups: bool,
    /// It begins with a group in which everybody may write.
    pub general_chat: bool,
}

/// A group of a community, shortly.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Subgroup {
    /// `...@g.us`
    pub id: String,
    /// Its name.
    pub subject: String,
    /// Number of members, where it is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u32>,
    /// When it was made: seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creation: Option<i64>,
    /// Who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Everybody of the community is in it, and only admins write.
    pub is_community_announce: bool,
    /// Everybody of the community is in it.
    pub is_general_chat: bool,
}

/// What came of a change to one group or person. JSON: `{jid, status}`, the status as in HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeResult {
    /// Which.
    pub jid: String,
    /// 200, or why not.
    pub status: u16,
}

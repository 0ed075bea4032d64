//! The page of a group.

use std::collections::BTreeMap;

/// A group as the phone shows it to who opens its page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShownGroup {
    /// Its name.
    pub subject: String,
    /// Its description; empty without one.
    pub description: String,
    /// Its members by phone-number address, and what they are: `member`, `admin`, `superadmin`.
    pub members: BTreeMap<String, String>,
    /// Members are known by their hidden identities.
    pub by_lid: bool,
    /// Only admins write.
    pub only_admins_write: bool,
    /// Only admins change what it is called and looks like.
    pub only_admins_change: bool,
    /// Messages disappear after so many seconds.
    pub expiration: Option<u32>,
    /// An admin has to let in whoever comes by a link.
    pub approval: bool,
    /// Every member may add others.
    pub everybody_adds: bool,
    /// Id of its picture.
    pub picture: Option<String>,
}

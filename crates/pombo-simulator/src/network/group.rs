//! Groups: who is in them, what they are set to, who wants to come in. The rules for changing them are in `stanza::group`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use wacore_binary::Jid;

use super::account::{AccountId, Addressing};
use super::picture::Picture;

/// What a member may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Role {
    Member,
    Admin,
    /// The creator.
    SuperAdmin,
}

impl Role {
    pub(crate) fn is_admin(self) -> bool {
        match self {
            Self::Member => false,
            Self::Admin | Self::SuperAdmin => true,
        }
    }

    /// As the attribute `type` of a participant says it; a plain member has none.
    pub(crate) fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Member => None,
            Self::Admin => Some("admin"),
            Self::SuperAdmin => Some("superadmin"),
        }
    }
}

/// Who did something, and when (seconds).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    pub(crate) by: AccountId,
    pub(crate) at: u64,
}

/// A group's description. Its id is the token that the next change has to name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Description {
    pub(crate) id: String,
    pub(crate) text: String,
    pub(crate) set: Mark,
}

/// Who may do something that is open to all or to admins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Circle {
    Admins,
    Everyone,
}

/// After how many seconds messages disappear, and what caused the setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ephemeral {
    pub(crate) seconds: u32,
    pub(crate) trigger: Option<u32>,
}

/// What admins have set.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct GroupSettings {
    /// Only admins write.
    pub(crate) announcement: bool,
    /// Only admins change subject, description, picture.
    pub(crate) locked: bool,
    pub(crate) ephemeral: Option<Ephemeral>,
    /// An admin has to let in whoever comes by a link.
    pub(crate) approval: bool,
    pub(crate) adding: Circle,
    pub(crate) links: Circle,
    pub(crate) history: Circle,
    pub(crate) no_frequently_forwarded: bool,
    pub(crate) admin_reports: bool,
    pub(crate) group_history: bool,
    pub(crate) limit_sharing: bool,
}

impl Default for GroupSettings {
    fn default() -> Self {
        Self {
            announcement: false,
            locked: false,
            ephemeral: None,
            approval: false,
            adding: Circle::Everyone,
            links: Circle::Admins,
            history: Circle::Admins,
            no_frequently_forwarded: false,
            admin_reports: false,
            group_history: false,
            limit_sharing: false,
        }
    }
}

/// Its place in a community.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum GroupKind {
    Plain,
    /// The community itself.
    Community {
        /// Whoever joins has to be let in.
        closed: bool,
        members_create_groups: bool,
    },
    /// A group of a community.
    Linked {
        parent: String,
        part: Part,
    },
}

/// What a linked group is to its community.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Part {
    /// Where the community's admins write to all: everybody is in it.
    Announcements,
    GeneralChat,
    Ordinary,
}

/// How somebody came to ask for admission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum RequestMethod {
    InviteLink,
    LinkedGroupJoin,
    /// A member who is no admin wanted to add them.
    NonAdminAdd,
}

impl RequestMethod {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::InviteLink => "invite_link",
            Self::LinkedGroupJoin => "linked_group_join",
            Self::NonAdminAdd => "non_admin_add",
        }
    }
}

/// Somebody waits for an admin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct JoinRequest {
    pub(crate) method: RequestMethod,
    pub(crate) asked: Mark,
}

/// An invitation for one person, made when an admin could not add them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Invitation {
    pub(crate) code: String,
    pub(crate) invitee: AccountId,
    pub(crate) by: AccountId,
    pub(crate) expires_at: u64,
}

/// A group of this network.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Group {
    /// Digits only: the user part of its address.
    pub(crate) id: String,
    pub(crate) subject: String,
    pub(crate) subject_set: Mark,
    pub(crate) created: Mark,
    pub(crate) description: Option<Description>,
    pub(crate) addressing: Addressing,
    pub(crate) members: BTreeMap<AccountId, Role>,
    /// When each member came (seconds).
    pub(crate) joined: BTreeMap<AccountId, u64>,
    /// How often somebody has left by themselves.
    pub(crate) departures: BTreeMap<AccountId, u32>,
    /// Whom an admin has taken out: a link does not bring them back.
    pub(crate) removed: BTreeSet<AccountId>,
    pub(crate) settings: GroupSettings,
    pub(crate) kind: GroupKind,
    /// The code of the present invite link.
    pub(crate) invite_code: String,
    /// Codes that are not valid any more.
    pub(crate) revoked_codes: Vec<String>,
    pub(crate) requests: BTreeMap<AccountId, JoinRequest>,
    pub(crate) invitations: Vec<Invitation>,
    pub(crate) picture: Option<Picture>,
}

impl Group {
    /// A group that its creator is alone in.
    pub(crate) fn new(
        id: String,
        subject: String,
        created: Mark,
        addressing: Addressing,
        invite_code: String,
    ) -> Self {
        Self {
            id,
            subject,
            subject_set: created,
            created,
            description: None,
            addressing,
            members: BTreeMap::from([(created.by, Role::SuperAdmin)]),
            joined: BTreeMap::from([(created.by, created.at)]),
            departures: BTreeMap::new(),
            removed: BTreeSet::new(),
            settings: GroupSettings::default(),
            kind: GroupKind::Plain,
            invite_code,
            revoked_codes: Vec::new(),
            requests: BTreeMap::new(),
            invitations: Vec::new(),
            picture: None,
        }
    }

    pub(crate) fn jid(&self) -> Jid {
        Jid::group(self.id.as_str())
    }

    pub(crate) fn member_ids(&self) -> Vec<AccountId> {
        self.members.keys().copied().collect()
    }

    pub(crate) fn admin_ids(&self) -> Vec<AccountId> {
        self.members
            .iter()
            .filter(|(_, role)| role.is_admin())
            .map(|(id, _)| *id)
            .collect()
    }

    pub(crate) fn parent(&self) -> Option<&str> {
        match &self.kind {
            GroupKind::Linked { parent, .. } => Some(parent),
            GroupKind::Plain | GroupKind::Community { .. } => None,
        }
    }

    pub(crate) fn part(&self) -> Option<Part> {
        match &self.kind {
            GroupKind::Linked { part, .. } => Some(*part),
            GroupKind::Plain | GroupKind::Community { .. } => None,
        }
    }

    pub(crate) fn is_community(&self) -> bool {
        matches!(self.kind, GroupKind::Community { .. })
    }

    /// Lets somebody in; whatever they had been waiting for is settled.
    pub(crate) fn admit(&mut self, account: AccountId, now: u64) {
        self.members.entry(account).or_insert(Role::Member);
        self.joined.entry(account).or_insert(now);
        self.removed.remove(&account);
        self.requests.remove(&account);
        self.invitations
            .retain(|invitation| invitation.invitee != account);
    }

    /// Takes somebody out.
    pub(crate) fn expel(&mut self, account: AccountId) {
        self.members.remove(&account);
        self.joined.remove(&account);
    }

    /// When the last admin has gone, the member who has been there longest becomes one.
    pub(crate) fn succeed(&mut self) -> Option<AccountId> {
        if self.members.values().any(|role| role.is_admin()) {
            return None;
        }
        let heir = self
            .members
            .keys()
            .copied()
            .min_by_key(|id| (self.joined.get(id).copied().unwrap_or_default(), *id))?;
        self.members.insert(heir, Role::Admin);
        Some(heir)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group() -> Group {
        let created = Mark {
            by: AccountId(1),
            at: 10,
        };
        Group::new(
            "12".to_owned(),
            "Choir".to_owned(),
            created,
            Addressing::Lid,
            "code".to_owned(),
        )
    }

    #[test]
    fn the_oldest_member_follows_the_last_admin() {
        let mut group = group();
        group.admit(AccountId(3), 20);
        group.admit(AccountId(2), 30);
        assert_eq!(group.succeed(), None);
        group.expel(AccountId(1));
        assert_eq!(group.succeed(), Some(AccountId(3)));
        assert_eq!(group.admin_ids(), [AccountId(3)]);
    }

    #[test]
    fn whoever_is_admitted_waits_no_longer() {
        let mut group = group();
        let asked = Mark {
            by: AccountId(5),
            at: 11,
        };
        group.requests.insert(
            AccountId(5),
            JoinRequest {
                method: RequestMethod::InviteLink,
                asked,
            },
        );
        group.invitations.push(Invitation {
            code: "c".to_owned(),
            invitee: AccountId(5),
            by: AccountId(1),
            expires_at: 99,
        });
        group.admit(AccountId(5), 12);
        assert!(group.requests.is_empty() && group.invitations.is_empty());
        assert_eq!(group.members.get(&AccountId(5)), Some(&Role::Member));
    }
}

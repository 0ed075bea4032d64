//! Contacts, chats, groups, labels, presence, calls.

use crate::group::{GroupPatch, Participant};

/// How a contact's news came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WhoKnows {
    /// A person saved, changed or removed it in the address book.
    AddressBook,
    /// They named themselves.
    Themselves,
    /// The network told: pictures, identities.
    Network,
}

/// Something new about a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactNews {
    /// Their address; phone number where known, else LID.
    pub jid: String,
    /// Their other identity, when known.
    pub alt: Option<String>,
    /// Their name; `None`: nothing new.
    pub name: Option<String>,
    /// `Some(None)`: the picture is gone.
    pub picture_url: Option<Option<String>>,
    /// The contact was removed from the address book.
    pub removed: bool,
    /// Who says so.
    pub source: WhoKnows,
}

/// What changed about a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChatChange {
    /// Archived or taken out of the archive.
    Archived(bool),
    /// Pinned or unpinned.
    Pinned(bool),
    /// Muted until: milliseconds since the epoch, -1 for ever; `None`: not muted.
    Muted(Option<i64>),
    /// All messages up to a time (seconds; `None`: all) were read on another device.
    Read(Option<i64>),
    /// Marked as unread.
    Unread,
    /// All its messages were removed.
    Cleared,
    /// The chat was removed.
    Deleted,
    /// A message was removed for the account only.
    MessageDeleted(crate::message::MessageKey),
    /// A message was starred, or not any more.
    Starred(crate::message::MessageKey, bool),
    /// Messages disappear after so many seconds; 0: never.
    Ephemeral(u32),
}

/// Something about a chat changed on another device of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatNews {
    /// The chat's address.
    pub jid: String,
    /// The chat's other identity, when known.
    pub alt: Option<String>,
    /// What changed.
    pub change: ChatChange,
}

/// What changed about a group.
#[derive(Debug, Clone)]
pub enum GroupChange {
    /// Members joined, left, rose or fell: `add`, `remove`, `promote`, `demote`, `modify`.
    Participants {
        /// What happened to them.
        action: &'static str,
        /// Them.
        participants: Vec<Participant>,
    },
    /// Subject, description, settings: only what changed is set.
    Metadata(Box<GroupPatch>),
    /// Somebody asks to join, or takes that back: `created`, `revoked`, `rejected`.
    JoinRequest {
        /// What happened.
        action: &'static str,
        /// Who.
        participants: Vec<Participant>,
    },
}

/// Something about a group changed.
#[derive(Debug, Clone)]
pub struct GroupNews {
    /// The group's JID.
    pub group: String,
    /// Who did it.
    pub author: Option<String>,
    /// That person's phone number JID.
    pub author_pn: Option<String>,
    /// What changed.
    pub change: GroupChange,
    /// Seconds since the epoch.
    pub timestamp: i64,
}

/// Something about labels changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabelNews {
    /// Made, changed or deleted.
    Edited(crate::label::Label, bool),
    /// Put on a chat (`true`) or taken off.
    Chat {
        /// The label's id on WhatsApp.
        label: String,
        /// The chat.
        jid: String,
        /// Put on, or taken off.
        labeled: bool,
    },
    /// Put on a message (`true`) or taken off.
    Message {
        /// The label's id on WhatsApp.
        label: String,
        /// The chat.
        jid: String,
        /// The message's id.
        id: String,
        /// Put on, or taken off.
        labeled: bool,
    },
}

/// What somebody is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PresenceState {
    /// Online.
    Available,
    /// Not online.
    Unavailable,
    /// Types.
    Composing,
    /// Records a voice note.
    Recording,
    /// Stopped typing or recording.
    Paused,
}

impl PresenceState {
    /// The spelling that clients use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Unavailable => "unavailable",
            Self::Composing => "composing",
            Self::Recording => "recording",
            Self::Paused => "paused",
        }
    }

    /// The state of that spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::Available,
            Self::Unavailable,
            Self::Composing,
            Self::Recording,
            Self::Paused,
        ]
        .into_iter()
        .find(|state| state.as_str() == text)
    }
}

/// Somebody is online, types, records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresenceNews {
    /// The chat in which it shows.
    pub chat: String,
    /// Who.
    pub participant: String,
    /// What they do.
    pub state: PresenceState,
    /// When they were last online: seconds since the epoch.
    pub last_seen: Option<i64>,
}

/// What happened to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallChange {
    /// It rings.
    Offer,
    /// It rings at the other side.
    Ringing,
    /// Nobody took it.
    Timeout,
    /// Refused.
    Reject,
    /// Taken.
    Accept,
    /// Over.
    Terminate,
}

impl CallChange {
    /// The spelling that clients use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Offer => "offer",
            Self::Ringing => "ringing",
            Self::Timeout => "timeout",
            Self::Reject => "reject",
            Self::Accept => "accept",
            Self::Terminate => "terminate",
        }
    }
}

/// A call came in or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallNews {
    /// The chat.
    pub chat: String,
    /// Who calls.
    pub from: String,
    /// The caller's other identity, when known.
    pub from_alt: Option<String>,
    /// The call's id.
    pub id: String,
    /// Seconds since the epoch.
    pub timestamp: i64,
    /// It was told after a time offline.
    pub offline: bool,
    /// What happened.
    pub change: CallChange,
    /// With pictures; `None` when not told.
    pub video: Option<bool>,
    /// In a group; `None` when not told.
    pub group: Option<bool>,
}

//! What the phone tells of the past.

use super::{ContactNews, IncomingMessage};

/// Which part of the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HistoryKind {
    /// The first part after linking.
    Initial,
    /// Recent messages.
    Recent,
    /// Everything.
    Full,
    /// Names only.
    PushNames,
    /// What we asked for.
    OnDemand,
    /// Anything else.
    Other,
}

/// One chat of the history.
#[derive(Debug, Clone, Default)]
pub struct HistoryChat {
    /// Its address.
    pub jid: String,
    /// Its name, when it has one.
    pub name: Option<String>,
    /// Unread messages, when the phone says.
    pub unread: Option<u32>,
    /// Archived.
    pub archived: bool,
    /// Pinned.
    pub pinned: bool,
    /// Muted until: milliseconds since the epoch, -1 for ever.
    pub muted_until: Option<i64>,
}

/// A part of the history that the phone sent.
#[derive(Debug, Clone)]
pub struct HistoryChunk {
    /// Which part.
    pub kind: HistoryKind,
    /// Percent of this kind that has come, when the phone says.
    pub progress: Option<u32>,
    /// Chats.
    pub chats: Vec<HistoryChat>,
    /// Names.
    pub contacts: Vec<ContactNews>,
    /// Messages, any order.
    pub messages: Vec<IncomingMessage>,
}

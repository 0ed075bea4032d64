//! A chat on a phone's screen, and what belongs to chats: contacts and labels.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::message::ShownMessage;

/// One chat.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Chat {
    /// Its address: by phone number, never by LID.
    pub jid: String,
    /// In the order in which they came.
    pub messages: Vec<ShownMessage>,
    /// Messages of others that were not read on any device of the account.
    pub unread: u32,
    /// The user wants it to look unread.
    pub marked_unread: bool,
    /// Put away.
    pub archived: bool,
    /// Kept on top.
    pub pinned: bool,
    /// Silent until then (milliseconds); -1 for ever.
    pub muted_until: Option<i64>,
    /// Numbers of its labels.
    pub labels: BTreeSet<String>,
    /// Messages disappear after so many seconds.
    pub expiration: Option<u32>,
    /// Who is typing or recording right now, by phone-number address: `composing` or `recording`.
    pub typing: BTreeMap<String, String>,
}

impl Chat {
    pub(crate) fn new(jid: &str) -> Self {
        Self {
            jid: jid.to_owned(),
            ..Self::default()
        }
    }

    /// A message by its id.
    pub fn message(&self, id: &str) -> Option<&ShownMessage> {
        self.messages.iter().rev().find(|message| message.id == id)
    }

    /// The newest message.
    pub fn last(&self) -> Option<&ShownMessage> {
        self.messages.last()
    }

    /// What is to be read in it, in order.
    pub fn texts(&self) -> Vec<&str> {
        self.messages.iter().map(ShownMessage::text).collect()
    }

    pub(crate) fn message_mut(&mut self, id: &str) -> Option<&mut ShownMessage> {
        self.messages
            .iter_mut()
            .rev()
            .find(|message| message.id == id)
    }
}

/// Somebody in the address book.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The full name.
    pub full_name: String,
    /// The first name.
    pub first_name: String,
}

/// A label of a business account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// What it says.
    pub name: String,
    /// Number of its colour.
    pub color: i32,
}

//! The screen as a whole.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::chat::{Chat, Contact, Label};
use super::message::ShownMessage;

/// The screen of one phone.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct View {
    /// By address: `5511999990000@s.whatsapp.net`, `120363025246125486@g.us`, `status@broadcast`.
    pub chats: BTreeMap<String, Chat>,
    /// The address book, by phone-number address.
    pub contacts: BTreeMap<String, Contact>,
    /// By number.
    pub labels: BTreeMap<String, Label>,
    /// Oldest first.
    pub calls: Vec<ShownCall>,
    /// Who was last said to be looking (`true`) or not, by phone-number address.
    pub presences: BTreeMap<String, bool>,
    /// Messages that could not be decrypted; their senders were asked for them again.
    pub waiting_for: Vec<Waiting>,
    /// Accounts whose security code changed, by phone-number address, in order.
    pub identity_changes: Vec<String>,
    /// The app's own settings that a companion changed, by name of the mutation, as JSON.
    pub settings: BTreeMap<String, String>,
}

/// "Waiting for this message": it came, but could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// The chat.
    pub chat: String,
    /// The message.
    pub id: String,
    /// Who sent it.
    pub sender: String,
}

/// A call, incoming or outgoing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownCall {
    /// Names the call in all that is said about it.
    pub id: String,
    /// The other side, by phone-number address.
    pub peer: String,
    /// The other side rang us.
    pub incoming: bool,
    /// With a picture.
    pub video: bool,
    /// The call's key is there: the phone chose it, or could read what the caller sealed for it.
    #[serde(default)]
    pub has_key: bool,
    /// How far it has come.
    pub state: CallState,
}

/// How far a call has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CallState {
    /// It rings.
    Ringing,
    /// Somebody took it.
    Accepted,
    /// Somebody refused it.
    Rejected,
    /// It was taken, and is over.
    Ended,
    /// It rang, and nobody took it.
    Missed,
}

impl View {
    /// A chat; `None` while nothing has happened in it.
    pub fn chat(&self, jid: &str) -> Option<&Chat> {
        self.chats.get(jid)
    }

    /// A message by the chat's address and its id.
    pub fn message(&self, chat: &str, id: &str) -> Option<&ShownMessage> {
        self.chats.get(chat)?.message(id)
    }

    /// All messages of all chats whose text is exactly this.
    pub fn with_text<'a>(&'a self, text: &'a str) -> impl Iterator<Item = &'a ShownMessage> {
        self.chats
            .values()
            .flat_map(|chat| &chat.messages)
            .filter(move |message| message.text() == text)
    }

    /// A call by its id.
    pub fn call(&self, id: &str) -> Option<&ShownCall> {
        self.calls.iter().find(|call| call.id == id)
    }

    pub(crate) fn chat_mut(&mut self, jid: &str) -> &mut Chat {
        self.chats
            .entry(jid.to_owned())
            .or_insert_with(|| Chat::new(jid))
    }

    pub(crate) fn message_mut(&mut self, chat: &str, id: &str) -> Option<&mut ShownMessage> {
        self.chats.get_mut(chat)?.message_mut(id)
    }

    pub(crate) fn call_mut(&mut self, id: &str) -> Option<&mut ShownCall> {
        self.calls.iter_mut().find(|call| call.id == id)
    }
}

//! What a channel saw, and what it says when it cannot do something.

mod connection;
mod error;
mod history;
mod incoming;
mod people;
mod sent;

pub use connection::{Account, CloseReason, Closing, ConnectionChange, LinkingCode, PasskeyStep};
pub use error::{ChannelError, not_available};
pub use history::{HistoryChat, HistoryChunk, HistoryKind};
pub use incoming::{
    Acknowledgement, Edit, IncomingMessage, PollVote, Reading, Receipt, ReceiptKind, Revocation,
    Undecryptable,
};
pub use people::{
    CallChange, CallNews, ChatChange, ChatNews, ContactNews, GroupChange, GroupNews, LabelNews,
    PresenceNews, PresenceState, WhoKnows,
};
pub use sent::SentMessage;

use serde_json::Value;

use crate::group::Group;

/// What a channel saw. Only `pombo-core` turns it into events. A closed set: match it without `_`.
#[derive(Debug, Clone)]
pub enum ChannelEvent {
    /// The connection's state changed.
    Connection(ConnectionChange),
    /// A new code with which a phone can link the account.
    LinkingCode(LinkingCode),
    /// Linking needs a passkey, or a passkey's step failed.
    Passkey(PasskeyStep),
    /// A message, from somebody or from the account's own other devices.
    Message(IncomingMessage),
    /// A message that could not be decrypted; it may come later, under the same key.
    Undecryptable(Undecryptable),
    /// Somebody got, read or played messages.
    Receipt(Receipt),
    /// The network took or refused a message of ours.
    Acknowledgement(Acknowledgement),
    /// A message was edited by its sender.
    Edited(Edit),
    /// A message was deleted for everyone.
    Revoked(Revocation),
    /// Somebody voted in a poll, already decrypted.
    PollVote(PollVote),
    /// A part of the history that the phone sent.
    History(HistoryChunk),
    /// People: names, pictures, identities.
    Contacts(Vec<ContactNews>),
    /// A chat changed on another device of the account.
    Chat(ChatNews),
    /// Whole groups: new ones, or all of them at the start.
    Groups(Vec<Group>),
    /// Something about a group changed.
    GroupChanged(GroupNews),
    /// A label was made, changed or deleted, or put on a chat or taken off.
    Label(LabelNews),
    /// Somebody is online, types, records.
    Presence(PresenceNews),
    /// A call came in or changed.
    Call(CallNews),
    /// The account's own name or picture changed.
    Profile {
        /// The new name.
        name: Option<String>,
        /// `Some(None)`: the picture was removed.
        picture_url: Option<Option<String>>,
    },
    /// A stanza that live clients may want raw: `{"tag", "attrs", "content"}`, bytes by index (`{"0": 1}`). Never logged.
    RawNode {
        /// The stanza's tag, such as `call`.
        tag: String,
        /// The stanza as JSON.
        node: Value,
    },
}

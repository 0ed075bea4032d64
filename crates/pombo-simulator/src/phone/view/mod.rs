//! What a phone shows: chats with their messages, contacts, labels, calls, and who is typing.
//!
//! Edits, deletions, reactions, votes and receipts are applied, as the app's screen applies them; so a test can ask "what does
//! the other side see", and not only "what did we send". `apply` takes a decrypted message, `secrets` opens what is encrypted
//! once more with a message's own secret, [`message`], [`chat`] and [`ShownGroup`] are the things shown.

pub(crate) mod apply;
pub mod chat;
mod group;
pub mod message;
mod screen;
pub(crate) mod secrets;
mod settings;

pub use chat::{Chat, Contact, Label};
pub use group::ShownGroup;
pub use message::{MessageStatus, Reaction, ShownMessage};
pub use screen::{CallState, ShownCall, View, Waiting};

//! WhatsApp Web: the channel of `WHATSAPP-BAILEYS` instances.
//!
//! It links an account as a companion device, keeps its connection, translates what the library `whatsapp-rust` says into
//! channel events, and what the rules ask for into the library's calls. It stores nothing itself: credentials and keys go
//! through the port `AuthStore`, everything seen through `ChannelInbox`.
//!
//! Where to start reading:
//!
//! | Module | What it is for |
//! | --- | --- |
//! | [`factory`] | opens channels; what all of them share |
//! | `channel` | the port's implementation for one instance |
//! | `session` | the connection's life: clients of the library, linking, reconnecting, giving up |
//! | `transport`, `http` | sockets and media, through proxies |
//! | `incoming` | the library's events to channel events, one file per family |
//! | `outgoing` | content to protobuf, one file per type |
//! | `content` | what records show of a message's content |
//! | `json` | messages as the JSON that clients know, and back |
//! | `query` | profiles, groups, directory, calls |
//! | [`auth_state`] | the library's storage port over `AuthStore` |
#![recursion_limit = "512"]

pub mod auth_state;
mod channel;
pub mod config;
mod content;
pub mod factory;
mod http;
mod incoming;
mod json;
mod media;
mod message_actions;
mod outgoing;
mod query;
mod session;
mod transport;
mod version;

pub use channel::WhatsappChannel;
pub use config::WhatsappConfig;
pub use factory::WhatsappFactory;

/// The protobuf message of a record's content, in either encoding; for tests that let a phone send what was once recorded.
/// `None` when it is no message.
#[must_use]
pub fn record_to_message(content: &serde_json::Value) -> Option<waproto::whatsapp::Message> {
    json::message(content).ok()
}

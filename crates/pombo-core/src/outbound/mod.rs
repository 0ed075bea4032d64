//! From a request to WhatsApp and back.
//!
//! `recipient` finds out who is meant, `resolve` fetches and prepares what the channel needs, `send` hands the message to the
//! channel between two commits: the intent before, the outcome after; `pace` says when. `ports` is what the channel offers beside sending. `settle` looks after intents that
//! a crash left behind.

mod actions;
mod album;
mod call;
mod groups;
mod marks;
mod newsletters;
mod pace;
mod ports;
mod recipient;
mod resolve;
mod send;
mod settle;

pub use actions::{EditError, MessageFile};
pub use album::{Album, Pictures};
pub use groups::{INVITE_URL, NamedMember, WantedGroup};
pub use marks::Recipient;
pub(crate) use pace::Pacer;
pub use pace::TooFast;
pub use recipient::NumberAnswer;
pub use send::SendError;

use pombo_domain::channel::{ChannelError, not_available};
use pombo_domain::message::SendAction;

use crate::gateway::Gateway;
use crate::instance::Entry;

impl Gateway {
    /// Whether the instance's channel can do this at all.
    ///
    /// # Errors
    /// [`ChannelError::NotAvailable`] with the documented text.
    pub fn check_support(&self, entry: &Entry, action: SendAction) -> Result<(), ChannelError> {
        let channel = entry.state().instance.channel;
        match &entry.channel {
            Some(open) if open.supports(action) => Ok(()),
            Some(_) | None => Err(ChannelError::NotAvailable(channel)),
        }
    }
}

/// The text for what the instance's channel cannot do.
#[must_use]
pub fn not_available_text(entry: &Entry) -> &'static str {
    not_available(entry.state().instance.channel)
}

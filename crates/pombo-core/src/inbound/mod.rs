//! From what a channel saw to state and events, in one transaction.

mod inbox;
mod message;

pub(crate) use inbox::Inbox;

use std::sync::Arc;

use pombo_domain::channel::ChannelEvent;
use pombo_domain::instance::ChannelKind;
use pombo_domain::port::InboundError;
use pombo_store::StoreError;

use crate::gateway::Gateway;
use crate::instance::Entry;

/// What became of an outside system's call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Received {
    /// Things that the call carried.
    pub carried: usize,
    /// Instances that were found for them.
    pub matched: usize,
}

/// Why an outside system's call was not taken. Nothing of it was stored, or it is safe to call again.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// No such channel in this build.
    #[error("this channel is not part of this build")]
    NotAvailable(ChannelKind),
    /// The body makes no sense.
    #[error(transparent)]
    Invalid(#[from] InboundError),
    /// It could not be stored.
    #[error("storing what came in failed")]
    Store(#[from] StoreError),
}

impl Gateway {
    /// Takes an outside system's call. When this returns `Ok`, everything in it is stored and in the log.
    ///
    /// # Errors
    /// [`ReceiveError`].
    pub async fn receive(&self, kind: ChannelKind, body: &[u8]) -> Result<Received, ReceiveError> {
        let webhook = self
            .inbound
            .get(&kind)
            .ok_or(ReceiveError::NotAvailable(kind))?;
        let mut received = Received::default();
        for inbound in webhook.parse(body)? {
            received.carried += 1;
            let entries = self.registry.by_number(&inbound.number);
            for entry in entries
                .iter()
                .filter(|entry| entry.state().instance.channel == kind)
            {
                received.matched += 1;
                self.accept(entry, inbound.event.clone()).await?;
            }
        }
        Ok(received)
    }

    /// Stores what a channel saw, with its events.
    ///
    /// # Errors
    /// When the store does not take it; the channel keeps it and offers it again.
    pub async fn accept(&self, entry: &Arc<Entry>, event: ChannelEvent) -> Result<(), StoreError> {
        match event {
            ChannelEvent::Message(incoming) => self.accept_message(entry, incoming).await,
            ChannelEvent::Connection(_)
            | ChannelEvent::LinkingCode(_)
            | ChannelEvent::Passkey(_)
            | ChannelEvent::Undecryptable(_)
            | ChannelEvent::Receipt(_)
            | ChannelEvent::Acknowledgement(_)
            | ChannelEvent::Edited(_)
            | ChannelEvent::Revoked(_)
            | ChannelEvent::PollVote(_)
            | ChannelEvent::History(_)
            | ChannelEvent::Contacts(_)
            | ChannelEvent::Chat(_)
            | ChannelEvent::Groups(_)
            | ChannelEvent::GroupChanged(_)
            | ChannelEvent::Label(_)
            | ChannelEvent::Presence(_)
            | ChannelEvent::Call(_)
            | ChannelEvent::Profile { .. }
            | ChannelEvent::RawNode { .. } => Ok(()),
        }
    }
}

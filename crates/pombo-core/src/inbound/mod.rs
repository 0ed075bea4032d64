//! From what a channel saw to state and events, in one transaction.

mod call;
mod chat;
mod connection;
mod contact;
mod group;
mod history;
mod inbox;
mod label;
mod message;
mod poll;
mod presence;
mod revision;
mod status;
mod undecryptable;

pub(crate) use inbox::Inbox;
pub(crate) use message::wants_files;
pub(crate) use status::{StatusNews, step as status_step};

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use pombo_domain::channel::{ChannelError, ChannelEvent, IncomingMessage};
use pombo_domain::instance::ChannelKind;
use pombo_domain::jid;
use pombo_domain::port::InboundError;
use pombo_store::StoreError;
use tracing::warn;

use crate::gateway::Gateway;
use crate::instance::{Entry, InstanceState};

/// How long a reaction (a read receipt, a refused call) may take.
const REACTION: Duration = Duration::from_secs(30);
/// How many reactions may be under way.
pub(crate) const REACTIONS: usize = 1024;

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
    pub async fn receive(
        self: &Arc<Self>,
        kind: ChannelKind,
        body: &[u8],
    ) -> Result<Received, ReceiveError> {
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
    pub async fn accept(
        self: &Arc<Self>,
        entry: &Arc<Entry>,
        event: ChannelEvent,
    ) -> Result<(), StoreError> {
        match event {
            ChannelEvent::Message(incoming) => self.accept_message(entry, incoming).await,
            ChannelEvent::Undecryptable(message) => self.accept_undecryptable(entry, message).await,
            ChannelEvent::Receipt(receipt) => self.accept_receipt(entry, receipt).await,
            ChannelEvent::Acknowledgement(ack) => self.accept_acknowledgement(entry, ack).await,
            ChannelEvent::Edited(edit) => self.accept_edit(entry, edit).await,
            ChannelEvent::Revoked(revocation) => self.accept_revocation(entry, revocation).await,
            ChannelEvent::PollVote(vote) => self.accept_vote(entry, vote).await,
            ChannelEvent::History(chunk) => self.accept_history(entry, chunk).await,
            ChannelEvent::Contacts(news) => self.accept_contacts(entry, news).await,
            ChannelEvent::Chat(news) => self.accept_chat(entry, news).await,
            ChannelEvent::Groups(groups) => self.accept_groups(entry, groups).await,
            ChannelEvent::GroupChanged(news) => self.accept_group_change(entry, news).await,
            ChannelEvent::Label(news) => self.accept_label(entry, news).await,
            ChannelEvent::Presence(news) => {
                self.accept_presence(entry, &news).await;
                Ok(())
            }
            ChannelEvent::Call(news) => self.accept_call(entry, news).await,
            ChannelEvent::Profile { name, picture_url } => {
                self.accept_profile(entry, name, picture_url).await
            }
            ChannelEvent::RawNode { tag, node } => {
                self.accept_raw_node(entry, &tag, &node).await;
                Ok(())
            }
            ChannelEvent::Connection(change) => self.accept_connection(entry, change).await,
            ChannelEvent::LinkingCode(code) => self.accept_linking_code(entry, code).await,
            ChannelEvent::Passkey(step) => self.accept_passkey(entry, step).await,
        }
    }

    /// Takes a channel's events in order. Messages that follow each other share a transaction's cost.
    pub(crate) async fn accept_all(
        self: &Arc<Self>,
        entry: &Arc<Entry>,
        events: Vec<ChannelEvent>,
    ) -> Result<(), StoreError> {
        let mut messages = Vec::new();
        for event in events {
            match event {
                ChannelEvent::Message(message) => messages.push(message),
                other => {
                    self.accept_messages(entry, std::mem::take(&mut messages))
                        .await?;
                    self.accept(entry, other).await?;
                }
            }
        }
        self.accept_messages(entry, messages).await
    }

    async fn accept_messages(
        self: &Arc<Self>,
        entry: &Arc<Entry>,
        messages: Vec<IncomingMessage>,
    ) -> Result<(), StoreError> {
        // Polled in this order, so queued in this order.
        let accepted = messages
            .into_iter()
            .map(|message| self.accept_message(entry, message));
        try_join_all(accepted).await.map(drop)
    }

    /// Does something that follows from an event, bounded, without holding the event up.
    fn afterwards(
        &self,
        entry: &Arc<Entry>,
        what: &'static str,
        work: impl Future<Output = Result<(), ChannelError>> + Send + 'static,
    ) {
        let Ok(place) = Arc::clone(&self.reactions).try_acquire_owned() else {
            warn!(instance = %entry.state().instance.name, "too much is going on: did not {what}");
            return;
        };
        let name = entry.state().instance.name.clone();
        self.tasks.spawn(async move {
            let _place = place;
            match tokio::time::timeout(REACTION, work).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => warn!(instance = %name, "could not {what}: {error}"),
                Err(_) => warn!(instance = %name, "could not {what} in time"),
            }
        });
    }
}

/// Whether the instance's settings say to ignore this chat.
fn ignores(state: &InstanceState, chat: &str) -> bool {
    let groups_ignore = state
        .settings
        .as_ref()
        .is_some_and(|row| row.settings.groups_ignore);
    groups_ignore && jid::is_group(chat)
}

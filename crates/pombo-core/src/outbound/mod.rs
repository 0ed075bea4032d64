//! From a request to WhatsApp and back.

use std::sync::Arc;

use pombo_domain::channel::{ChannelError, not_available};
use pombo_domain::event::EventKind;
use pombo_domain::id::RowId;
use pombo_domain::instance::ConnectionState;
use pombo_domain::jid;
use pombo_domain::message::{Message, MessageStatus, Outgoing, SendAction};
use pombo_store::chat::ChatTouch;
use pombo_store::{StoreError, chat, message};

use crate::bus::new_event;
use crate::gateway::Gateway;
use crate::instance::Entry;

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The channel did not do it.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// It could not be stored.
    #[error("storing the sent message failed")]
    Store(#[from] StoreError),
    /// The server is stopping, or sending broke off inside.
    #[error("sending was interrupted")]
    Interrupted,
}

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

    /// Sends a message; when this returns `Ok` it is stored and told. Goes on when the caller goes away.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn send(
        self: &Arc<Self>,
        entry: &Arc<Entry>,
        outgoing: Outgoing,
    ) -> Result<Message, SendError> {
        let (gateway, entry) = (Arc::clone(self), Arc::clone(entry));
        let sending = self
            .tasks
            .spawn(async move { gateway.send_now(&entry, &outgoing).await });
        sending.await.unwrap_or(Err(SendError::Interrupted))
    }

    async fn send_now(&self, entry: &Entry, outgoing: &Outgoing) -> Result<Message, SendError> {
        let instance = Arc::clone(&entry.state().instance);
        let channel = entry
            .channel
            .as_ref()
            .ok_or(ChannelError::NotAvailable(instance.channel))?;
        if instance.connection != ConnectionState::Open {
            return Err(ChannelError::NotConnected.into());
        }
        if !outgoing.delay.is_zero() {
            tokio::time::sleep(outgoing.delay).await;
        }
        let remote_jid = jid::normalise(&outgoing.number);
        let id = uuid::Uuid::new_v4().to_string();
        let sent = channel.send(&id, &remote_jid, outgoing).await?;
        let now = self.now();
        let message = Arc::new(Message {
            id: RowId::new(now),
            instance_id: instance.id.clone(),
            participant: sent.key.participant.clone(),
            key: sent.key,
            push_name: None,
            message_type: sent.message_type,
            message: sent.message,
            context_info: sent.context_info,
            source: sent.source,
            timestamp: now.seconds(),
            status: Some(MessageStatus::Pending),
            webhook_url: outgoing.webhook_url.clone(),
        });
        let told = new_event(&instance, EventKind::SendMessage, now, &message.record());
        let (stored, save) = (Arc::clone(&message), self.config.save);
        self.store
            .write(move |tx| {
                let (message, told) = (Arc::clone(&stored), told.clone());
                Box::pin(async move {
                    if save.messages {
                        message::insert(tx, &message).await?;
                    }
                    if save.chats {
                        let touch = ChatTouch {
                            instance_id: &message.instance_id,
                            remote_jid: &message.key.remote_jid,
                            message: save.messages.then_some(&*message),
                            unread_add: 0,
                            name: None,
                            now,
                        };
                        chat::touch(tx, &touch).await?;
                    }
                    tx.append_event(told);
                    Ok(())
                })
            })
            .await?;
        Ok(Message::clone(&message))
    }
}

/// The text for what the instance's channel cannot do.
#[must_use]
pub fn not_available_text(entry: &Entry) -> &'static str {
    not_available(entry.state().instance.channel)
}

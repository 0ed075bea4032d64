//! Handing a message to the channel, between two commits.

use std::sync::Arc;
use std::time::Duration;

use pombo_domain::channel::{ChannelError, PresenceState, SentMessage};
use pombo_domain::event::EventKind;
use pombo_domain::id::RowId;
use pombo_domain::instance::{ChannelKind, ConnectionState, Instance};
use pombo_domain::jid;
use pombo_domain::message::{
    DeviceSource, Message, MessageKey, MessageStatus, Outgoing, OutgoingContent, StatusContent,
};
use pombo_domain::port::Channel;
use pombo_media::MediaError;
use pombo_store::chat::ChatTouch;
use pombo_store::{StoreError, chat, message, message_update, outbox};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::NumberAnswer;
use super::pace::TooFast;
use crate::bus::new_event;
use crate::file;
use crate::gateway::Gateway;
use crate::inbound::{StatusNews, status_step, wants_files};
use crate::instance::Entry;

/// "typing..." is shown in pieces of this length: phones forget it otherwise.
const TYPING: Duration = Duration::from_secs(20);

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The channel did not do it.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// The recipient is not on WhatsApp.
    #[error("`{}` is not on WhatsApp", .0.number)]
    NotOnWhatsapp(Box<NumberAnswer>),
    /// The file could not be fetched.
    #[error("{0}")]
    Fetch(#[source] MediaError),
    /// The file could not be prepared.
    #[error("{0}")]
    File(#[source] MediaError),
    /// It could not be stored.
    #[error("storing the sent message failed")]
    Store(#[from] StoreError),
    /// The instance's pace has no turn in the near future.
    #[error(transparent)]
    TooFast(#[from] TooFast),
    /// The server is stopping, or sending broke off inside.
    #[error("sending was interrupted")]
    Interrupted,
}

impl Gateway {
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
            .spawn(async move { gateway.send_now(&entry, outgoing).await });
        sending.await.unwrap_or(Err(SendError::Interrupted))
    }

    async fn send_now(
        &self,
        entry: &Arc<Entry>,
        mut outgoing: Outgoing,
    ) -> Result<Message, SendError> {
        let instance = Arc::clone(&entry.state().instance);
        let channel = entry
            .channel
            .clone()
            .ok_or(ChannelError::NotAvailable(instance.channel))?;
        if instance.connection != ConnectionState::Open {
            return Err(ChannelError::NotConnected.into());
        }
        // Asked for first, so that turns come in the order of the requests, and who gets none costs nothing.
        let turn = self.turn(entry)?;
        let to = if channel.wants_resolved() {
            self.resolve(entry, &mut outgoing).await?
        } else {
            jid::normalise(&outgoing.number)
        };
        tokio::select! {
            biased;
            () = turn => {}
            () = self.stop.cancelled() => return Err(SendError::Interrupted),
        }
        show_typing(&*channel, &to, &outgoing).await;
        let intent = self.intend(&instance, &to, &outgoing).await?;
        match channel.send(&intent.key.id, &to, &outgoing).await {
            Ok(mut sent) => {
                // Who writes to a LID finds the message by it, too.
                let asked = jid::normalise(&outgoing.number);
                if asked.ends_with("@lid") && to.ends_with("@s.whatsapp.net") {
                    let more = &mut sent.key.more;
                    more.insert("remoteJidAlt".to_owned(), asked.into());
                }
                let shown = self.shown(entry, &outgoing, &sent).await;
                self.sent(&instance, intent, sent, shown).await
            }
            Err(error) => {
                self.failed(&instance, intent).await?;
                Err(error.into())
            }
        }
    }

    /// Ends when the message may be sent.
    fn turn(&self, entry: &Entry) -> Result<impl Future<Output = ()> + Send + use<>, TooFast> {
        let pacing = entry
            .state()
            .settings
            .as_ref()
            .and_then(|row| row.settings.pacing);
        let wait = match pacing {
            Some(pacing) => entry.pacer.turn(&pacing, self.now(), fastrand::f64())?,
            None => Duration::ZERO,
        };
        let until = Instant::now() + wait;
        Ok(async move {
            if !wait.is_zero() {
                tokio::time::sleep_until(until).await;
            }
        })
    }

    /// Stores that a message is about to be sent, so that its news find it, and a crash does not hide it. A channel without a
    /// network has nothing to wait for.
    async fn intend(
        &self,
        instance: &Arc<Instance>,
        to: &str,
        outgoing: &Outgoing,
    ) -> Result<Message, SendError> {
        let now = self.now();
        let on_network = instance.channel == ChannelKind::Whatsapp;
        let uuid = uuid::Uuid::new_v4();
        let id = if on_network {
            format!("3EB0{}", &uuid.simple().to_string().to_uppercase()[..18])
        } else {
            uuid.to_string()
        };
        let (message_type, content) = draft(&outgoing.content);
        let intent = Message {
            id: RowId::new(now),
            instance_id: instance.id.clone(),
            key: MessageKey::new(id, to, true),
            push_name: on_network.then(|| self.config.own_name.clone()),
            message_type: message_type.to_owned(),
            message: content,
            context_info: None,
            source: if on_network {
                DeviceSource::Web
            } else {
                DeviceSource::Unknown
            },
            timestamp: now.seconds(),
            status: Some(MessageStatus::Pending),
            participant: None,
            webhook_url: outgoing.webhook_url.clone(),
        };
        if on_network && self.config.save.messages {
            let row = Arc::new(intent.clone());
            self.store
                .write(move |tx| {
                    let row = Arc::clone(&row);
                    Box::pin(async move {
                        message::insert(tx, &row).await?;
                        outbox::begin(tx, &row.instance_id, &row.id, now).await
                    })
                })
                .await?;
        }
        Ok(intent)
    }

    /// Stores what came of it, and tells `send.message`. `shown`: the content that is told, when it differs from the stored.
    async fn sent(
        &self,
        instance: &Arc<Instance>,
        intent: Message,
        sent: SentMessage,
        shown: Option<Value>,
    ) -> Result<Message, SendError> {
        let now = self.now();
        let on_network = instance.channel == ChannelKind::Whatsapp;
        let message = Arc::new(Message {
            participant: sent.key.participant.clone(),
            key: sent.key,
            message_type: sent.message_type,
            message: sent.message,
            context_info: sent.context_info,
            source: sent.source,
            ..intent
        });
        let answer = match shown {
            Some(shown) => Message {
                message: shown,
                ..Message::clone(&message)
            },
            None => Message::clone(&message),
        };
        let told = new_event(instance, EventKind::SendMessage, now, &answer.record());
        let (stored, save) = (Arc::clone(&message), self.config.save);
        self.store
            .write(move |tx| {
                let (message, told) = (Arc::clone(&stored), told.clone());
                Box::pin(async move {
                    if save.messages && on_network {
                        // News may have come in meanwhile: the status stays as far as it has got.
                        let id = &message.instance_id;
                        let found = message::in_tx(tx, id, &message.key.id, Some(true)).await?;
                        let status = found.and_then(|found| found.status).or(message.status);
                        let row = Message {
                            status,
                            ..Message::clone(&message)
                        };
                        message::rewrite(tx, &row).await?;
                        outbox::end(tx, id, &message.id).await?;
                    } else if save.messages {
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
        Ok(answer)
    }

    /// Stores that nothing came of it, and tells it. An acknowledgement that comes after all moves the status on.
    pub(super) async fn failed(
        &self,
        instance: &Arc<Instance>,
        intent: Message,
    ) -> Result<(), StoreError> {
        if instance.channel != ChannelKind::Whatsapp || !self.config.save.messages {
            return Ok(());
        }
        let (instance, save, now) = (Arc::clone(instance), self.config.save, self.now());
        let intent = Arc::new(intent);
        self.store
            .write(move |tx| {
                let (instance, intent) = (Arc::clone(&instance), Arc::clone(&intent));
                Box::pin(async move {
                    outbox::end(tx, &instance.id, &intent.id).await?;
                    let id = &intent.key.id;
                    let Some(mut found) = message::in_tx(tx, &instance.id, id, Some(true)).await?
                    else {
                        return Ok(());
                    };
                    // The network has it, whatever the channel thinks.
                    if found.status != Some(MessageStatus::Pending)
                        || !message::advance(tx, &mut found, MessageStatus::Error).await?
                    {
                        return Ok(());
                    }
                    if save.message_updates {
                        let step = status_step(&found, MessageStatus::Error, None, now);
                        message_update::insert(tx, &step).await?;
                    }
                    let data = StatusNews::of(&found, MessageStatus::Error, true).data();
                    tx.append_event(new_event(&instance, EventKind::MessagesUpdate, now, &data));
                    Ok(())
                })
            })
            .await
    }

    /// The content with its file, when a webhook asked for files.
    async fn shown(&self, entry: &Entry, outgoing: &Outgoing, sent: &SentMessage) -> Option<Value> {
        if !wants_files(&entry.state()) {
            return None;
        }
        let prepared = match &outgoing.content {
            OutgoingContent::Media(_)
            | OutgoingContent::Audio { .. }
            | OutgoingContent::Ptv { .. }
            | OutgoingContent::Sticker { .. } => outgoing.resolved.files.first()?,
            OutgoingContent::Status(post) => match post.content {
                StatusContent::File(_) => outgoing.resolved.files.first()?,
                StatusContent::Text { .. } => return None,
            },
            OutgoingContent::Text { .. }
            | OutgoingContent::Buttons { .. }
            | OutgoingContent::Location { .. }
            | OutgoingContent::Contacts(_)
            | OutgoingContent::Reaction { .. }
            | OutgoingContent::Poll { .. }
            | OutgoingContent::List { .. }
            | OutgoingContent::Carousel { .. }
            | OutgoingContent::Forward { .. }
            | OutgoingContent::Raw { .. } => return None,
        };
        match file::base64(&prepared.file, file::LARGEST_IN_EVENT).await {
            Ok(base64) => {
                let mut shown = sent.message.clone();
                shown
                    .as_object_mut()?
                    .insert("base64".to_owned(), base64.into());
                Some(shown)
            }
            Err(error) => {
                tracing::warn!(instance = %entry.state().instance.name, "told a sent message without its file: {error}");
                None
            }
        }
    }
}

/// Shows that the account types or records for as long as the user asked; nobody is held up when that fails.
async fn show_typing(channel: &dyn Channel, to: &str, outgoing: &Outgoing) {
    if outgoing.delay.is_zero() {
        return;
    }
    let state = match outgoing.content {
        OutgoingContent::Audio { .. } => PresenceState::Recording,
        _ => PresenceState::Composing,
    };
    let shows = matches!(
        to.rsplit('@').next(),
        Some("s.whatsapp.net" | "lid" | "g.us")
    );
    let messages = channel.messages().filter(|_| shows);
    let mut left = outgoing.delay;
    while !left.is_zero() {
        let piece = left.min(TYPING);
        if let Some(messages) = messages
            && let Err(error) = messages.presence(to, state).await
        {
            tracing::debug!("cannot show that the account types: {error}");
        }
        tokio::time::sleep(piece).await;
        left = left.saturating_sub(piece);
    }
    if let Some(messages) = messages
        && let Err(error) = messages.presence(to, PresenceState::Paused).await
    {
        tracing::debug!("cannot show that the account stopped typing: {error}");
    }
}

/// What is stored of a message before the channel has built it.
fn draft(content: &OutgoingContent) -> (&'static str, Value) {
    match content {
        OutgoingContent::Text { text } => ("conversation", json!({"conversation": text})),
        OutgoingContent::Media(media) => (media.kind.message_type(), json!({})),
        OutgoingContent::Audio { .. } => ("audioMessage", json!({})),
        OutgoingContent::Ptv { .. } => ("ptvMessage", json!({})),
        OutgoingContent::Sticker { .. } => ("stickerMessage", json!({})),
        OutgoingContent::Location { .. } => ("locationMessage", json!({})),
        OutgoingContent::Contacts(cards) if cards.len() > 1 => ("contactsArrayMessage", json!({})),
        OutgoingContent::Contacts(_) => ("contactMessage", json!({})),
        OutgoingContent::Reaction { .. } => ("reactionMessage", json!({})),
        OutgoingContent::Poll { .. } => ("pollCreationMessage", json!({})),
        OutgoingContent::List { .. } => ("listMessage", json!({})),
        OutgoingContent::Buttons { .. } | OutgoingContent::Carousel { .. } => {
            ("interactiveMessage", json!({}))
        }
        OutgoingContent::Status(post) => match &post.content {
            StatusContent::Text { text, .. } => ("conversation", json!({"conversation": text})),
            StatusContent::File(file) => (file.kind.message_type(), json!({})),
        },
        OutgoingContent::Forward { message } | OutgoingContent::Raw { message, .. } => {
            ("unknown", message.clone())
        }
    }
}

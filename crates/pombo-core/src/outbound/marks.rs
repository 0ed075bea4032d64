//! What the account notes about messages and chats that are there: pins, stars, keeps, silence; and who got a message.

use std::sync::Arc;
use std::time::Duration;

use pombo_domain::channel::{ChannelError, ChannelEvent, ChatChange, ChatNews};
use pombo_domain::clock::Timestamp;
use pombo_domain::jid;
use pombo_domain::message::{Message, MessageKey, MessageStatus, Outgoing, OutgoingContent};
use pombo_domain::port::ChatAction;
use pombo_store::{Page, StoreError, message, message_update};
use serde_json::Value;

use super::SendError;
use crate::gateway::Gateway;
use crate::instance::Entry;

/// Steps of one message that are looked at: a group has at most 1,024 members, and each takes three steps.
const STEPS: u32 = 4_000;

/// How far one recipient has come with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// Who.
    pub jid: String,
    /// When it reached their phone.
    pub delivered_at: Option<Timestamp>,
    /// When they read it.
    pub read_at: Option<Timestamp>,
    /// When they played it.
    pub played_at: Option<Timestamp>,
}

impl Recipient {
    /// The furthest they have come.
    #[must_use]
    pub fn status(&self) -> MessageStatus {
        if self.played_at.is_some() {
            MessageStatus::Played
        } else if self.read_at.is_some() {
            MessageStatus::Read
        } else {
            MessageStatus::DeliveryAck
        }
    }
}

impl Gateway {
    /// Tells the senders that the account played voice notes or films. Keys are completed from what is stored.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn mark_played(
        &self,
        entry: &Arc<Entry>,
        keys: Vec<MessageKey>,
    ) -> Result<(), SendError> {
        let channel = self.channel(entry)?;
        let messages = Self::messages(entry, &*channel)?;
        let keys = self.complete(entry, keys).await?;
        messages.mark_played(&keys).await?;
        Ok(())
    }

    /// Pins a message in its chat for everyone for so long, or unpins it (`None`); the key of the message that does it.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn pin_message(
        self: &Arc<Self>,
        entry: &Arc<Entry>,
        key: MessageKey,
        duration: Option<Duration>,
    ) -> Result<MessageKey, SendError> {
        let channel = self.channel(entry)?;
        let messages = Self::messages(entry, &*channel)?;
        let (key, _) = self.target(entry, key).await?;
        self.say_of(entry, &key, messages.pin(&key, duration)?)
            .await
    }

    /// Keeps a message in a chat whose messages disappear, or not any more; the key of the message that does it.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn keep_message(
        self: &Arc<Self>,
        entry: &Arc<Entry>,
        key: MessageKey,
        keep: bool,
    ) -> Result<MessageKey, SendError> {
        let channel = self.channel(entry)?;
        let messages = Self::messages(entry, &*channel)?;
        let (key, _) = self.target(entry, key).await?;
        self.say_of(entry, &key, messages.keep(&key, keep)?).await
    }

    /// Sends a message that says something of another one, where that one is: stored and told like any message.
    async fn say_of(
        self: &Arc<Self>,
        entry: &Arc<Entry>,
        key: &MessageKey,
        message: Value,
    ) -> Result<MessageKey, SendError> {
        let content = OutgoingContent::Raw {
            message,
            nodes: Vec::new(),
        };
        let outgoing = Outgoing::new(key.remote_jid.clone(), content);
        Ok(self.send(entry, outgoing).await?.key)
    }

    /// Stars a message on all devices of the account, or takes the star off; tells `chats.update`.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn star_message(
        self: &Arc<Self>,
        entry: &Arc<Entry>,
        key: MessageKey,
        starred: bool,
    ) -> Result<MessageKey, SendError> {
        let channel = self.channel(entry)?;
        let messages = Self::messages(entry, &*channel)?;
        let (key, _) = self.target(entry, key).await?;
        messages.star(&key, starred).await?;
        let chat = key.remote_jid.clone();
        self.tell_chat(entry, chat, ChatChange::Starred(key.clone(), starred))
            .await?;
        Ok(key)
    }

    /// Removes a message from all devices of the account, and from nobody else's; tells `messages.delete`.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn delete_for_me(
        self: &Arc<Self>,
        entry: &Arc<Entry>,
        key: MessageKey,
    ) -> Result<MessageKey, SendError> {
        let channel = self.channel(entry)?;
        let messages = Self::messages(entry, &*channel)?;
        let (key, stored) = self.target(entry, key).await?;
        let sent = stored.map_or_else(|| self.now().seconds(), |stored| stored.timestamp);
        messages.delete_for_me(&key, sent).await?;
        let chat = key.remote_jid.clone();
        self.tell_chat(entry, chat, ChatChange::MessageDeleted(key.clone()))
            .await?;
        Ok(key)
    }

    /// Pins a chat above others on all devices of the account, or not any more; tells `chats.update`. The chat's address.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn pin_chat(
        self: &Arc<Self>,
        entry: &Arc<Entry>,
        chat: &str,
        pinned: bool,
    ) -> Result<String, SendError> {
        let action = ChatAction::Pin(pinned);
        let jid = self.change_chat(entry, chat, &action, None).await?;
        self.tell_chat(entry, jid.clone(), ChatChange::Pinned(pinned))
            .await?;
        Ok(jid)
    }

    /// Silences a chat on all devices of the account until then (milliseconds since the epoch, -1 for ever), or not any more;
    /// tells `chats.update`. The chat's address.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn mute_chat(
        self: &Arc<Self>,
        entry: &Arc<Entry>,
        chat: &str,
        until: Option<i64>,
    ) -> Result<String, SendError> {
        let action = ChatAction::Mute(until);
        let jid = self.change_chat(entry, chat, &action, None).await?;
        self.tell_chat(entry, jid.clone(), ChatChange::Muted(until))
            .await?;
        Ok(jid)
    }

    /// A stored message and how far its recipients have come with it; those of whom nothing is known are not among them. `None`:
    /// it is not stored. Somebody else's message has no recipients that we know of.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn message_info(
        &self,
        entry: &Entry,
        id: &str,
    ) -> Result<Option<(Message, Vec<Recipient>)>, StoreError> {
        let instance = entry.state().instance.id.clone();
        let Some(stored) = message::by_key_id(&self.store, &instance, id).await? else {
            return Ok(None);
        };
        let mut recipients: Vec<Recipient> = Vec::new();
        if stored.key.from_me {
            let page = Page {
                size: STEPS,
                number: 1,
            };
            let steps = message_update::find(&self.store, &instance, None, Some(id), page).await?;
            for step in steps.iter().filter(|step| step.from_me) {
                let jid = step.participant.as_deref().unwrap_or(&step.remote_jid);
                let place = recipients.iter().position(|known| known.jid == jid);
                let place = place.unwrap_or_else(|| {
                    recipients.push(Recipient {
                        jid: jid.to_owned(),
                        delivered_at: None,
                        read_at: None,
                        played_at: None,
                    });
                    recipients.len() - 1
                });
                let Some(recipient) = recipients.get_mut(place) else {
                    continue;
                };
                let reached = match MessageStatus::parse(&step.status) {
                    Some(MessageStatus::DeliveryAck) => &mut recipient.delivered_at,
                    Some(MessageStatus::Read) => &mut recipient.read_at,
                    Some(MessageStatus::Played) => &mut recipient.played_at,
                    _ => continue,
                };
                if reached.is_none() {
                    *reached = step.id.made_at();
                }
            }
            recipients.retain(|recipient| {
                recipient.delivered_at.is_some()
                    || recipient.read_at.is_some()
                    || recipient.played_at.is_some()
            });
        }
        Ok(Some((stored, recipients)))
    }

    /// Keys as they are stored: in groups the network wants to know who wrote a message.
    pub(super) async fn complete(
        &self,
        entry: &Entry,
        keys: Vec<MessageKey>,
    ) -> Result<Vec<MessageKey>, StoreError> {
        let mut complete = Vec::with_capacity(keys.len());
        for key in keys {
            let stored = self.stored(entry, &key).await?;
            complete.push(stored.map_or(key, |stored| stored.key));
        }
        Ok(complete)
    }

    async fn stored(&self, entry: &Entry, key: &MessageKey) -> Result<Option<Message>, StoreError> {
        let id = &entry.state().instance.id;
        let stored = message::by_key_id(&self.store, id, &key.id).await?;
        Ok(stored.filter(|stored| stored.key.from_me == key.from_me))
    }

    /// The message that is meant: as it is stored, else as the caller knows it.
    async fn target(
        &self,
        entry: &Entry,
        key: MessageKey,
    ) -> Result<(MessageKey, Option<Message>), SendError> {
        if let Some(stored) = self.stored(entry, &key).await? {
            return Ok((stored.key.clone(), Some(stored)));
        }
        let author = key.participant.as_deref().unwrap_or_default();
        if jid::is_group(&key.remote_jid) && !key.from_me && author.is_empty() {
            let text = "the message is not stored: `participant` has to say who wrote it";
            return Err(ChannelError::Invalid(text.to_owned()).into());
        }
        Ok((key, None))
    }

    /// The network does not tell a device of its own changes.
    async fn tell_chat(
        self: &Arc<Self>,
        entry: &Arc<Entry>,
        jid: String,
        change: ChatChange,
    ) -> Result<(), StoreError> {
        let news = ChatNews {
            jid,
            alt: None,
            change,
        };
        self.accept(entry, ChannelEvent::Chat(news)).await
    }
}

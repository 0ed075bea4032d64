//! What is done with messages, people and chats that are already there.

use std::sync::Arc;
use std::time::Duration;

use pombo_domain::channel::{ChannelError, PresenceState};
use pombo_domain::event::{EventKind, NewEvent};
use pombo_domain::jid;
use pombo_domain::media::MediaFile;
use pombo_domain::message::{MediaSource, Message, MessageKey, MessageStatus};
use pombo_domain::port::{Channel, ChatAction, LastMessage, Protocolled};
use pombo_store::message::MessageFilter;
use pombo_store::{Page, StoreError, message, message_update};
use serde_json::{Value, json};

use super::send::SendError;
use crate::bus::new_event;
use crate::gateway::Gateway;
use crate::inbound::status_step;
use crate::instance::Entry;

/// For how long after it was sent a message may be edited: what WhatsApp's own programs allow.
const EDITABLE: Duration = Duration::from_secs(15 * 60);
/// How long a file may take to come, asking the sender's phone for it included.
const DOWNLOAD_PATIENCE: Duration = Duration::from_secs(60);
/// "typing..." is shown in pieces of this length.
const TYPING: Duration = Duration::from_secs(20);

/// Why a message was not edited.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// It is not stored.
    #[error("Message not found")]
    NotFound,
    /// The chat is another one than the message's.
    #[error("RemoteJid does not match")]
    OtherChat,
    /// Somebody else wrote it.
    #[error("You can only edit your own messages")]
    NotMine,
    /// It was deleted.
    #[error("You cannot edit deleted messages")]
    Deleted,
    /// It has no text and no caption.
    #[error("Message not compatible")]
    NotEditable,
    /// It was sent too long ago.
    #[error("Message is older than 15 minutes")]
    TooOld,
    /// The channel did not do it.
    #[error(transparent)]
    Send(#[from] SendError),
}

impl From<ChannelError> for EditError {
    fn from(error: ChannelError) -> Self {
        Self::Send(error.into())
    }
}

impl From<StoreError> for EditError {
    fn from(error: StoreError) -> Self {
        Self::Send(error.into())
    }
}

/// A message's file, with what is said about it.
#[derive(Debug, Clone)]
pub struct MessageFile {
    /// Which member of the content has it, such as `imageMessage`.
    pub kind: String,
    /// That member.
    pub content: Value,
    /// The message's id, when known.
    pub id: Option<String>,
    /// The file.
    pub file: MediaFile,
    /// Its type.
    pub mimetype: String,
}

impl Gateway {
    /// Tells the senders that the account read messages. Keys are completed from what is stored: in groups WhatsApp wants to
    /// know who wrote them.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn mark_read(
        &self,
        entry: &Arc<Entry>,
        keys: Vec<MessageKey>,
    ) -> Result<(), SendError> {
        let channel = self.channel(entry)?;
        let messages = Self::messages(entry, &*channel)?;
        let keys = self.complete(entry, keys).await?;
        messages.mark_read(&keys).await?;
        Ok(())
    }

    /// Shows a chat that the account types or records for a while, then that it stopped.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn show_presence(
        &self,
        entry: &Arc<Entry>,
        number: &str,
        state: PresenceState,
        duration: Duration,
    ) -> Result<(), SendError> {
        let channel = self.channel(entry)?;
        let messages = Self::messages(entry, &*channel)?;
        let chat = self.recipient(entry, number).await?;
        let mut left = duration;
        loop {
            messages.presence(&chat, state).await?;
            let piece = left.min(TYPING);
            tokio::time::sleep(piece).await;
            left = left.saturating_sub(piece);
            if left.is_zero() {
                break;
            }
        }
        if matches!(state, PresenceState::Composing | PresenceState::Recording) {
            messages.presence(&chat, PresenceState::Paused).await?;
        }
        Ok(())
    }

    /// Deletes a message for everyone. What is stored of it stays, marked; without its content where the server is told not to
    /// keep deleted messages.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn delete_for_everyone(
        &self,
        entry: &Arc<Entry>,
        key: MessageKey,
    ) -> Result<Protocolled, SendError> {
        let channel = self.channel(entry)?;
        let messages = Self::messages(entry, &*channel)?;
        let instance = Arc::clone(&entry.state().instance);
        let stored = message::by_key_id(&self.store, &instance.id, &key.id).await?;
        let stored = stored.filter(|stored| stored.key.from_me == key.from_me);
        let target = stored.as_ref().map_or(&key, |stored| &stored.key);
        let done = messages.revoke(target).await?;
        let Some(mut row) = stored else {
            return Ok(done);
        };
        let (save, now) = (self.config.save, self.now());
        row.key.more.insert("deleted".to_owned(), true.into());
        row.status = Some(MessageStatus::Deleted);
        let told = new_event(
            &instance,
            EventKind::MessagesDelete,
            now,
            &deleted_row(&row),
        );
        if !save.keep_revoked {
            row.message = json!({});
            row.context_info = None;
        }
        self.rewrite(row, MessageStatus::Deleted, told).await?;
        Ok(done)
    }

    /// Replaces the text or caption of a message of the account's own.
    ///
    /// # Errors
    /// [`EditError`]; everything but `Send` is found out before anything is sent.
    pub async fn edit(
        &self,
        entry: &Arc<Entry>,
        number: &str,
        key: &MessageKey,
        text: &str,
    ) -> Result<Protocolled, EditError> {
        let channel = self.channel(entry)?;
        let messages = Self::messages(entry, &*channel)?;
        let instance = Arc::clone(&entry.state().instance);
        let stored = message::by_key_id(&self.store, &instance.id, &key.id).await?;
        let mut row = stored.ok_or(EditError::NotFound)?;
        if !number.is_empty() && !self.same_chat(&*channel, &row, number).await {
            return Err(EditError::OtherChat);
        }
        if !row.key.from_me {
            return Err(EditError::NotMine);
        }
        if row.status == Some(MessageStatus::Deleted) || row.key.more.contains_key("deleted") {
            return Err(EditError::Deleted);
        }
        let content = edited(&row.message, text).ok_or(EditError::NotEditable)?;
        let now = self.now();
        if now.seconds().saturating_sub(row.timestamp) > EDITABLE.as_secs().try_into().unwrap_or(0)
        {
            return Err(EditError::TooOld);
        }
        let done = messages.edit(&row.key, &content).await?;
        row.message = content;
        row.status = Some(MessageStatus::Edited);
        let told = new_event(&instance, EventKind::SendMessageUpdate, now, &done.protocol);
        self.rewrite(row, MessageStatus::Edited, told).await?;
        Ok(done)
    }

    /// Stores a message anew, with the step that made it so, and tells it.
    async fn rewrite(
        &self,
        row: Message,
        step: MessageStatus,
        told: NewEvent,
    ) -> Result<(), StoreError> {
        let (save, now) = (self.config.save, self.now());
        let row = Arc::new(row);
        self.store
            .write(move |tx| {
                let (row, told) = (Arc::clone(&row), told.clone());
                Box::pin(async move {
                    message::rewrite(tx, &row).await?;
                    if save.message_updates {
                        let step = status_step(&row, step, None, now);
                        message_update::insert(tx, &step).await?;
                    }
                    tx.append_event(told);
                    Ok(())
                })
            })
            .await
    }

    /// Whether a number means the chat of a message, under any of its identities.
    async fn same_chat(&self, channel: &dyn Channel, row: &Message, number: &str) -> bool {
        let chat = &row.key.remote_jid;
        let alt = row.key.more.get("remoteJidAlt").and_then(Value::as_str);
        let mut names = jid::variants(number);
        names.push(jid::normalise(number));
        if names
            .iter()
            .any(|name| name == chat || Some(name.as_str()) == alt)
        {
            return true;
        }
        let Some(directory) = channel.directory() else {
            return false;
        };
        let other = directory.other_identity(chat).await;
        other.is_some_and(|other| names.contains(&other))
    }

    /// The file of a message: of a stored one by its id, or of one that the caller brings.
    ///
    /// # Errors
    /// [`SendError`] with `NotFound` or `Invalid`.
    pub async fn message_file(
        &self,
        entry: &Arc<Entry>,
        wanted: &Value,
    ) -> Result<MessageFile, SendError> {
        let channel = self.channel(entry)?;
        let messages = Self::messages(entry, &*channel)?;
        let id = wanted["key"]["id"].as_str().unwrap_or_default();
        let brought = wanted.get("message").filter(|content| {
            content
                .as_object()
                .is_some_and(|content| !content.is_empty())
        });
        let (key, content) = match brought {
            Some(content) => {
                let key = serde_json::from_value(wanted["key"].clone())
                    .unwrap_or_else(|_| MessageKey::new(id, "", false));
                (key, content.clone())
            }
            None => {
                let instance = &entry.state().instance.id;
                let stored = message::by_key_id(&self.store, instance, id).await?;
                let stored =
                    stored.ok_or_else(|| ChannelError::Invalid("Message not found".to_owned()))?;
                (stored.key, stored.message)
            }
        };
        let (kind, member) = file_of(&content).ok_or_else(|| {
            ChannelError::Invalid("The message is not of the media type".to_owned())
        })?;
        let download = messages
            .download(&key, &json!({ &kind: member }), DOWNLOAD_PATIENCE)
            .await?;
        let mimetype = member["mimetype"].as_str().unwrap_or_default().to_owned();
        Ok(MessageFile {
            id: Some(key.id).filter(|id| !id.is_empty()),
            kind,
            content: member,
            file: download.file,
            mimetype,
        })
    }

    /// Sound as MP4, for those who cannot play Opus.
    ///
    /// # Errors
    /// [`SendError::File`].
    pub async fn sound_as_mp4(&self, sound: &MediaFile) -> Result<MediaFile, SendError> {
        let media = self
            .media
            .as_ref()
            .ok_or_else(|| ChannelError::Failed("files cannot be prepared here".to_owned()))?;
        Ok(media.to_mp4(sound).await?)
    }

    /// Changes a chat on all devices of the account. `last`: its newest message, when the caller knows better than we.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn change_chat(
        &self,
        entry: &Arc<Entry>,
        chat: &str,
        action: &ChatAction,
        last: Option<LastMessage>,
    ) -> Result<String, SendError> {
        let channel = self.channel(entry)?;
        let profiles = Self::profiles(entry, &*channel)?;
        let chat = self.recipient(entry, chat).await?;
        let last = match last {
            Some(last) => Some(last),
            None => self.newest_of(entry, &chat).await?,
        };
        profiles.change_chat(&chat, action, last.as_ref()).await?;
        Ok(chat)
    }

    async fn newest_of(
        &self,
        entry: &Entry,
        chat: &str,
    ) -> Result<Option<LastMessage>, StoreError> {
        let filter = MessageFilter {
            remote_jid: Some(chat.to_owned()),
            ..MessageFilter::default()
        };
        let page = Page { size: 1, number: 1 };
        let found = message::find(&self.store, &entry.state().instance.id, &filter, page).await?;
        Ok(found.records.into_iter().next().map(|newest| LastMessage {
            timestamp: newest.message.timestamp,
            key: newest.message.key,
        }))
    }

    /// Sets the account's picture from a URL or base64, scaled; `None` removes it.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn set_picture(
        &self,
        entry: &Arc<Entry>,
        source: Option<MediaSource>,
    ) -> Result<(), SendError> {
        let channel = self.channel(entry)?;
        let profiles = Self::profiles(entry, &*channel)?;
        let picture = match source {
            Some(source) => Some(self.prepared_picture(source).await?),
            None => None,
        };
        profiles.set_picture(picture.as_ref()).await?;
        Ok(())
    }
}

/// The row as `messages.delete` tells it. Source: observed on the original, v2.3.6.
fn deleted_row(row: &Message) -> Value {
    json!({
        "id": row.id, "instanceId": row.instance_id, "key": row.key, "pushName": row.push_name,
        "participant": row.participant, "messageType": row.message_type, "message": row.message,
        "contextInfo": row.context_info, "source": row.source, "messageTimestamp": row.timestamp,
        "status": row.status.map(MessageStatus::as_str),
    })
}

/// The content with another text or caption; `None`: it has neither. The file of a message with a caption stays as it is.
fn edited(content: &Value, text: &str) -> Option<Value> {
    let members = content.as_object()?;
    if members.contains_key("conversation") || members.contains_key("extendedTextMessage") {
        return Some(json!({"conversation": text}));
    }
    for kind in ["imageMessage", "videoMessage", "documentMessage"] {
        if members.contains_key(kind) {
            let mut content = content.clone();
            content
                .get_mut(kind)?
                .as_object_mut()?
                .insert("caption".to_owned(), text.into());
            return Some(content);
        }
    }
    None
}

/// The member with a file, inside whatever wraps it.
fn file_of(content: &Value) -> Option<(String, Value)> {
    const WRAPPERS: [&str; 6] = [
        "ephemeralMessage",
        "documentWithCaptionMessage",
        "viewOnceMessage",
        "viewOnceMessageV2",
        "viewOnceMessageV2Extension",
        "associatedChildMessage",
    ];
    const FILES: [&str; 6] = [
        "imageMessage",
        "documentMessage",
        "audioMessage",
        "videoMessage",
        "stickerMessage",
        "ptvMessage",
    ];
    let mut content = content;
    // Wrapped at most so often by any sender.
    for _ in 0..5 {
        if let Some(kind) = FILES.iter().find(|kind| content[**kind].is_object()) {
            return Some(((*kind).to_owned(), content[*kind].clone()));
        }
        let template = &content["templateMessage"]["hydratedTemplate"];
        if template.is_object() {
            content = template;
            continue;
        }
        let wrapper = WRAPPERS
            .iter()
            .find(|wrapper| content[**wrapper]["message"].is_object())?;
        content = &content[*wrapper]["message"];
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captions_change_and_files_stay() {
        let image =
            json!({"imageMessage": {"url": "u", "caption": "old"}, "messageContextInfo": {}});
        assert_eq!(
            edited(&image, "new"),
            Some(json!({"imageMessage": {"url": "u", "caption": "new"}, "messageContextInfo": {}}))
        );
        assert_eq!(
            edited(&json!({"extendedTextMessage": {"text": "a"}}), "b"),
            Some(json!({"conversation": "b"}))
        );
        assert_eq!(edited(&json!({"stickerMessage": {}}), "b"), None);
    }

    #[test]
    fn files_are_found_inside_wrappers() {
        let wrapped = json!({"ephemeralMessage": {"message": {"viewOnceMessageV2": {"message": {"imageMessage": {"url": "u"}}}}}});
        assert_eq!(
            file_of(&wrapped),
            Some(("imageMessage".to_owned(), json!({"url": "u"})))
        );
        assert_eq!(file_of(&json!({"conversation": "x"})), None);
    }
}

//! Messages: sending them, and everything that refers to one.

use std::time::Duration;

use wacore::secret_enc_addon::ModificationType;
use waproto::buffa::Message as _;
use waproto::whatsapp as wa;

use super::super::content;
use super::super::error::PhoneError;
use super::super::handset::chat_of;
use super::super::media::{self, FileKind, UploadedFile, file_of};
use super::super::send::{SendOptions, SentBy};
use super::super::view::secrets::seal;
use super::VirtualPhone;
use super::handle::address;
use crate::network::Addressing;

impl VirtualPhone {
    /// Sends a message to a chat: of one person, of a group, or `status@broadcast`.
    pub async fn send(&self, chat: &str, content: wa::Message) -> Result<SentBy, PhoneError> {
        self.send_with(chat, content, SendOptions::default()).await
    }

    /// The same, not as usual.
    pub async fn send_with(
        &self,
        chat: &str,
        content: wa::Message,
        options: SendOptions,
    ) -> Result<SentBy, PhoneError> {
        let to = address(chat)?;
        self.lock().send(&self.network, &to, content, options)
    }

    /// Sends a text.
    pub async fn send_text(&self, chat: &str, text: &str) -> Result<SentBy, PhoneError> {
        self.send(chat, content::text(text)).await
    }

    /// Reacts to a message; with an empty text takes the reaction back.
    pub async fn react(&self, chat: &str, id: &str, emoji: &str) -> Result<SentBy, PhoneError> {
        let key = self.key(chat, id)?;
        self.send(chat, content::reaction(key, emoji, self.now_ms()))
            .await
    }

    /// Replaces what one of its own messages says.
    pub async fn edit(
        &self,
        chat: &str,
        id: &str,
        edited: wa::Message,
    ) -> Result<SentBy, PhoneError> {
        let key = self.key(chat, id)?;
        self.send(chat, content::edit(key, edited, self.now_ms()))
            .await
    }

    /// Deletes a message for everybody: one of its own, or as an admin of a group that of somebody else.
    pub async fn revoke(&self, chat: &str, id: &str) -> Result<SentBy, PhoneError> {
        let key = self.key(chat, id)?;
        self.send(chat, content::revoke(key)).await
    }

    /// Votes in a poll: for these options, or for none.
    pub async fn vote(&self, chat: &str, id: &str, options: &[&str]) -> Result<SentBy, PhoneError> {
        let vote = wa::message::PollVoteMessage {
            selected_options: options
                .iter()
                .map(|option| wacore::poll::compute_option_hash(option).to_vec())
                .collect(),
        };
        let (key, payload, iv) =
            self.seal(chat, id, ModificationType::PollVote, &vote.encode_to_vec())?;
        let now_ms = self.now_ms();
        let update = wa::message::PollUpdateMessage {
            poll_creation_message_key: key.into(),
            vote: wa::message::PollEncValue {
                enc_payload: Some(payload),
                enc_iv: Some(iv),
            }
            .into(),
            sender_timestamp_ms: Some(now_ms),
            ..Default::default()
        };
        let content = wa::Message {
            poll_update_message: update.into(),
            ..Default::default()
        };
        self.send(chat, content).await
    }

    /// Answers an event.
    pub async fn respond(
        &self,
        chat: &str,
        id: &str,
        response: wa::message::event_response_message::EventResponseType,
    ) -> Result<SentBy, PhoneError> {
        let answer = wa::message::EventResponseMessage {
            response: Some(response),
            timestamp_ms: Some(self.now_ms()),
            ..Default::default()
        };
        let (key, payload, iv) = self.seal(
            chat,
            id,
            ModificationType::EventResponse,
            &answer.encode_to_vec(),
        )?;
        let content = wa::Message {
            enc_event_response_message: wa::message::EncEventResponseMessage {
                event_creation_message_key: key.into(),
                enc_payload: Some(payload),
                enc_iv: Some(iv),
            }
            .into(),
            ..Default::default()
        };
        self.send(chat, content).await
    }

    /// Reacts under the secret of the message, as in announcement groups of communities.
    pub async fn react_encrypted(
        &self,
        chat: &str,
        id: &str,
        emoji: &str,
    ) -> Result<SentBy, PhoneError> {
        let reaction = wa::message::ReactionMessage {
            text: Some(emoji.to_owned()),
            sender_timestamp_ms: Some(self.now_ms()),
            ..Default::default()
        };
        let (key, payload, iv) = self.seal(
            chat,
            id,
            ModificationType::EncReaction,
            &reaction.encode_to_vec(),
        )?;
        let content = wa::Message {
            enc_reaction_message: wa::message::EncReactionMessage {
                target_message_key: key.into(),
                enc_payload: Some(payload),
                enc_iv: Some(iv),
            }
            .into(),
            ..Default::default()
        };
        self.send(chat, content).await
    }

    /// Comments on a message, under its secret.
    pub async fn comment(
        &self,
        chat: &str,
        id: &str,
        comment: wa::Message,
    ) -> Result<SentBy, PhoneError> {
        let (key, payload, iv) = self.seal(
            chat,
            id,
            ModificationType::EncComment,
            &comment.encode_to_vec(),
        )?;
        let content = wa::Message {
            enc_comment_message: wa::message::EncCommentMessage {
                target_message_key: key.into(),
                enc_payload: Some(payload),
                enc_iv: Some(iv),
            }
            .into(),
            ..Default::default()
        };
        self.send(chat, content).await
    }

    /// Replaces what one of its own messages says, under the message's secret, as newer phones do.
    pub async fn edit_encrypted(
        &self,
        chat: &str,
        id: &str,
        edited: wa::Message,
    ) -> Result<SentBy, PhoneError> {
        use wa::message::secret_encrypted_message::SecretEncType;
        let inner = content::edit_plain(self.key(chat, id)?, edited, self.now_ms());
        let (key, payload, iv) = self.seal(
            chat,
            id,
            ModificationType::MessageEdit,
            &inner.encode_to_vec(),
        )?;
        let content = wa::Message {
            secret_encrypted_message: wa::message::SecretEncryptedMessage {
                target_message_key: key.into(),
                enc_payload: Some(payload),
                enc_iv: Some(iv),
                secret_enc_type: Some(SecretEncType::MESSAGE_EDIT),
                ..Default::default()
            }
            .into(),
            ..Default::default()
        };
        self.send(chat, content).await
    }

    /// Names a message that is on the screen, for what refers to it.
    pub fn key(&self, chat: &str, id: &str) -> Result<wa::MessageKey, PhoneError> {
        let chat = self.chat_name(chat)?;
        let is_lid = self.is_lid_group(&chat);
        let phone = self.lock();
        let message = phone.shown(&chat, id)?;
        let mut key = message.key(&chat);
        if is_lid && key.participant.is_some() {
            key.participant = Some(message.sender_lid.clone());
        }
        Ok(key)
    }

    /// "Read", for all messages of others in a chat that are not read yet.
    pub async fn read(&self, chat: &str) -> Result<(), PhoneError> {
        let chat = self.chat_name(chat)?;
        let mut phone = self.lock();
        let Some(shown) = phone.view.chat(&chat) else {
            return Ok(());
        };
        let unread = usize::try_from(shown.unread).unwrap_or(usize::MAX);
        let others = shown
            .messages
            .iter()
            .rev()
            .filter(|message| !message.from_me);
        let ids: Vec<String> = others
            .take(unread)
            .map(|message| message.id.clone())
            .collect();
        phone.mark_read(&self.network, &chat, &ids, "read")
    }

    /// "Read", for one message.
    pub async fn read_message(&self, chat: &str, id: &str) -> Result<(), PhoneError> {
        let chat = self.chat_name(chat)?;
        self.lock()
            .mark_read(&self.network, &chat, &[id.to_owned()], "read")
    }

    /// "Read" with read receipts switched off: only the account's own devices hear of it.
    pub async fn read_quietly(&self, chat: &str, id: &str) -> Result<(), PhoneError> {
        let chat = self.chat_name(chat)?;
        self.lock()
            .mark_read(&self.network, &chat, &[id.to_owned()], "read-self")
    }

    /// "Played", for a voice note or a round video.
    pub async fn play(&self, chat: &str, id: &str) -> Result<(), PhoneError> {
        let chat = self.chat_name(chat)?;
        self.lock()
            .mark_read(&self.network, &chat, &[id.to_owned()], "played")
    }

    /// Uploads a file, for a message that will carry it.
    pub async fn upload(&self, kind: FileKind, bytes: &[u8]) -> Result<UploadedFile, PhoneError> {
        let mut phone = self.lock();
        if !phone.online {
            return Err(PhoneError::Offline);
        }
        let file = media::upload(&self.network, phone.signal.random(), kind, bytes);
        phone.keep_file(&self.network, &file.direct_path, &file.file_enc_sha256);
        Ok(file)
    }

    /// The file of a message, downloaded and decrypted.
    pub async fn download(&self, message: &wa::Message) -> Result<Vec<u8>, PhoneError> {
        self.online()?;
        let path = {
            let (_, file) = file_of(message).ok_or(PhoneError::NoFile)?;
            file.direct_path().ok_or(PhoneError::NoFile)?.to_owned()
        };
        let path = path.split('?').next().unwrap_or_default();
        let sealed = self.network.media.read(path).await;
        let sealed = sealed.map_err(|error| PhoneError::FileGone(error.to_string()))?;
        let (_, file) = file_of(message).ok_or(PhoneError::NoFile)?;
        media::open(&sealed, file)
    }

    /// Types, then sends a text.
    pub(in crate::phone) async fn answer(
        &self,
        chat: &str,
        text: &str,
        typing: Duration,
    ) -> Result<(), PhoneError> {
        if !typing.is_zero() {
            self.typing(chat).await?;
            tokio::time::sleep(typing).await;
            self.paused(chat).await?;
        }
        self.send_text(chat, text).await.map(drop)
    }

    fn seal(
        &self,
        chat: &str,
        id: &str,
        kind: ModificationType,
        plaintext: &[u8],
    ) -> Result<(wa::MessageKey, Vec<u8>, Vec<u8>), PhoneError> {
        let key = self.key(chat, id)?;
        let chat = self.chat_name(chat)?;
        let is_lid = self.is_lid_group(&chat);
        let mut phone = self.lock();
        let own = phone.own_addresses(&self.network);
        let message = phone.shown(&chat, id)?.clone();
        let random = phone.signal.random();
        let (payload, iv) = seal(&message, &own, is_lid, kind, plaintext, random)
            .ok_or_else(|| PhoneError::NoSecret(id.to_owned()))?;
        Ok((key, payload, iv))
    }

    pub(super) fn is_lid_group(&self, chat: &str) -> bool {
        let Some(id) = chat.strip_suffix("@g.us") else {
            return false;
        };
        self.network.with(|state| {
            let group = state.groups.get(id);
            group.is_some_and(|group| group.addressing == Addressing::Lid)
        })
    }

    pub(super) fn chat_name(&self, chat: &str) -> Result<String, PhoneError> {
        let jid = address(chat)?;
        Ok(self.network.with(|state| chat_of(state, &jid)))
    }

    pub(super) fn now_ms(&self) -> i64 {
        i64::try_from(self.network.clock.now_ms()).unwrap_or(i64::MAX)
    }
}

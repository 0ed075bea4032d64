//! From content to protobuf. One file per type; `acknowledged` waits for the network's word on what was written.
//!
//! Each file makes the content in the encoding of records; it is what the answer shows, and [`json::message`] makes the
//! protobuf of it. Where the answer of the original shows something else than what has to be sent, [`Built::shown`] says so.

mod acknowledged;
mod buttons;
mod card;
mod context;
mod file;
mod list;
pub(crate) mod newsletter;
mod place;
mod poll;
mod reaction;
mod relay;
mod status;
mod text;

pub(crate) use status::Audiences;

use std::sync::Arc;

use pombo_domain::channel::{ChannelError, SentMessage};
use pombo_domain::message::{MessageKey, Outgoing, OutgoingContent, SendAction};
use serde_json::{Value, json};
use wacore_binary::{Jid, JidExt as _, Node};
use waproto::whatsapp as wa;
use whatsapp_rust::request::IqError;
use whatsapp_rust::{Client, SendError, SendOptions};

use crate::channel::WhatsappChannel;
use crate::content::Content;
use crate::incoming::key::{self, Me};
use crate::json;
use crate::media::upload::Uploaded;
use crate::query::error;
use context::Context;

/// Contents whose record has a `contextInfo` even when it is not set.
///
/// Source: `whatsapp-recorded.md` section 1: only files went through the original's own encoder.
const ALWAYS_WITH_CONTEXT: [&str; 6] = [
    "imageMessage",
    "videoMessage",
    "ptvMessage",
    "audioMessage",
    "documentMessage",
    "stickerMessage",
];

/// Whether this channel can send such a thing.
pub(crate) const fn supports(action: SendAction) -> bool {
    match action {
        SendAction::Text
        | SendAction::Media
        | SendAction::Ptv
        | SendAction::Audio
        | SendAction::Status
        | SendAction::Sticker
        | SendAction::Location
        | SendAction::Contact
        | SendAction::Reaction
        | SendAction::Poll
        | SendAction::List
        | SendAction::Buttons
        | SendAction::Carousel
        | SendAction::Album
        | SendAction::Forward => true,
        SendAction::Template => false,
    }
}

/// A message that is ready to be sent.
struct Built {
    /// What is sent, as a record would show it.
    wire: Value,
    /// What the answer shows, when it differs.
    shown: Option<Value>,
    /// Further nodes of the stanza.
    nodes: Vec<Node>,
    /// The network's name for its file, in a newsletter.
    media_id: Option<String>,
}

impl Built {
    fn new(wire: Value) -> Self {
        Self {
            wire,
            shown: None,
            nodes: Vec::new(),
            media_id: None,
        }
    }

    fn with_file(mut self, uploaded: Uploaded) -> Self {
        self.media_id = uploaded.handle;
        self
    }

    /// Makes a picture or film part of an album in the same chat.
    fn put_into_album(&mut self, album: &MessageKey, chat: &Jid) {
        let key = json!({"remoteJid": chat.to_string(), "fromMe": true, "id": album.id});
        let association = json!({"associationType": "MEDIA_ALBUM", "parentMessageKey": key});
        self.wire["messageContextInfo"]["messageAssociation"] = association;
    }

    fn message(&self) -> Result<wa::Message, ChannelError> {
        json::message(&self.wire).map_err(|error| ChannelError::Invalid(error.to_string()))
    }

    /// What the answer and the record show.
    fn sent(&self, id: String, chat: &Jid) -> SentMessage {
        let shown = self.shown.as_ref().unwrap_or(&self.wire);
        let mut content = Content::shape(shown.clone());
        let always = ALWAYS_WITH_CONTEXT.contains(&content.message_type.as_str());
        if !always && content.context_info == Some(Value::Null) {
            content.context_info = None;
        }
        SentMessage {
            source: key::source(&id),
            key: MessageKey::new(id, chat.to_string(), true),
            message: content.message,
            message_type: content.message_type,
            context_info: content.context_info,
        }
    }
}

/// Why a message was not sent.
pub(crate) fn refused(error: &SendError) -> ChannelError {
    match error {
        SendError::Client(client) => error::of_client(client),
        SendError::NotLoggedIn => ChannelError::NotConnected,
        SendError::Iq(IqError::ServerError { code: 404, .. }) => {
            ChannelError::NotFound("Group not found".to_owned())
        }
        SendError::Iq(iq) => error::of_iq(iq),
        SendError::InvalidRequest(text) => ChannelError::Invalid(text.clone()),
        SendError::Internal(inner) => error::of_any(inner),
        other => ChannelError::Failed(other.to_string()),
    }
}

/// An id as WhatsApp Web would choose one.
pub(crate) fn new_id() -> String {
    let random: [u8; 9] = rand::random();
    let digits = random.iter().map(|byte| format!("{byte:02X}"));
    std::iter::once("3EB0".to_owned()).chain(digits).collect()
}

impl WhatsappChannel {
    /// Sends over a connected client. `made` is what was made of the message when it was written before, under the same id: then
    /// nothing is uploaded again, and secrets in it stay what they are.
    async fn send_with(
        &self,
        client: &Arc<Client>,
        id: &str,
        remote_jid: &str,
        message: &Outgoing,
        made: &mut Option<Built>,
    ) -> Result<SentMessage, ChannelError> {
        let chat = error::parse(remote_jid)?.into_non_ad();
        if let OutgoingContent::Status(post) = &message.content {
            return self.post_status(client, id, post, message).await;
        }
        if let OutgoingContent::Reaction { target, emoji } = &message.content {
            let built = reaction::build(target, emoji, &chat);
            return reaction::send(client, id, &chat, target, emoji, built).await;
        }
        let built = match made {
            Some(built) => built,
            None => {
                let context = Context::of(message, &chat, &Me::of(client))?;
                let mut built = self.build(client, message, &chat, &context).await?;
                if let Some(album) = message
                    .resolved
                    .album
                    .as_ref()
                    .filter(|_| !chat.is_newsletter())
                {
                    built.put_into_album(album, &chat);
                }
                made.insert(built)
            }
        };
        if chat.is_newsletter() {
            return post(client, id, chat, built).await;
        }
        let options = SendOptions::default()
            .with_message_id(id)
            .with_extra_stanza_nodes(built.nodes.clone());
        let sent = client
            .send_message_with_options(chat.clone(), built.message()?, options)
            .await
            .map_err(|error| refused(&error))?;
        Ok(built.sent(sent.message_id, &chat))
    }

    /// Makes a message of a content, and uploads its files.
    async fn build(
        &self,
        client: &Arc<Client>,
        message: &Outgoing,
        chat: &Jid,
        context: &Context,
    ) -> Result<Built, ChannelError> {
        let files = &message.resolved.files;
        Ok(match &message.content {
            OutgoingContent::Text { text } => {
                text::build(text, message.resolved.preview.as_ref(), context)
            }
            OutgoingContent::Media(media) => {
                let prepared = file::first(files)?;
                let uploaded = self
                    .upload_for(chat, client, prepared, file::media_type(media.kind))
                    .await?;
                file::media(media, prepared, &uploaded, context).with_file(uploaded)
            }
            OutgoingContent::Audio { .. } => {
                let prepared = file::first(files)?;
                let uploaded = self.upload_for(chat, client, prepared, file::VOICE).await?;
                file::voice_note(prepared, &uploaded, context).with_file(uploaded)
            }
            OutgoingContent::Ptv { .. } => {
                let prepared = file::first(files)?;
                let uploaded = self.upload_for(chat, client, prepared, file::FILM).await?;
                file::ptv(prepared, &uploaded, context).with_file(uploaded)
            }
            OutgoingContent::Sticker { .. } => {
                let prepared = file::first(files)?;
                let uploaded = self
                    .upload_for(chat, client, prepared, file::STICKER)
                    .await?;
                file::sticker(prepared, &uploaded, context).with_file(uploaded)
            }
            OutgoingContent::Location {
                latitude,
                longitude,
                name,
                address,
            } => place::build(
                *latitude,
                *longitude,
                name.as_deref(),
                address.as_deref(),
                context,
            ),
            OutgoingContent::Contacts(cards) => card::build(cards, context)?,
            OutgoingContent::Poll {
                name,
                values,
                selectable,
            } => poll::build(name, values, *selectable, context)?,
            OutgoingContent::List {
                title,
                description,
                footer,
                button,
                sections,
            } => list::build(
                &list::Texts {
                    title,
                    description: description.as_deref(),
                    footer,
                    button,
                },
                sections,
                context,
            ),
            OutgoingContent::Buttons {
                title,
                description,
                footer,
                buttons,
                ..
            } => {
                let header = match files.first() {
                    Some(prepared) => {
                        let uploaded = self
                            .upload_for(chat, client, prepared, file::PICTURE)
                            .await?;
                        Some(file::picture(prepared, &uploaded))
                    }
                    None => None,
                };
                let texts = buttons::Texts {
                    title: title.as_deref(),
                    description: description.as_deref(),
                    footer: footer.as_deref(),
                };
                buttons::build(&texts, buttons, header, context)?
            }
            OutgoingContent::Carousel { body, cards } => {
                let mut headers = Vec::with_capacity(cards.len());
                let mut files = files.iter();
                for card in cards {
                    headers.push(match &card.header {
                        Some(media) => {
                            let prepared = files.next().ok_or_else(file::missing)?;
                            let kind = file::media_type(media.kind);
                            let uploaded = self.upload_for(chat, client, prepared, kind).await?;
                            Some(file::header(media, prepared, &uploaded)?)
                        }
                        None => None,
                    });
                }
                buttons::carousel(body.as_deref(), cards, headers, context)?
            }
            OutgoingContent::Forward { message } => relay::forward(message, context)?,
            OutgoingContent::Raw { message, nodes } => relay::raw(message, nodes)?,
            OutgoingContent::Reaction { .. } | OutgoingContent::Status(_) => {
                return Err(ChannelError::Failed(
                    "this content goes another way".to_owned(),
                ));
            }
        })
    }
}

/// Posts in a newsletter, and says under which number.
async fn post(
    client: &Arc<Client>,
    id: &str,
    chat: Jid,
    built: &Built,
) -> Result<SentMessage, ChannelError> {
    let message = built.message()?;
    let server_id = match &built.media_id {
        Some(media_id) => {
            let stanza = newsletter::with_file(id, &chat, &message, media_id);
            newsletter::publish(client, id, client.send_node(stanza)).await?
        }
        None => {
            let options = SendOptions::default()
                .with_message_id(id)
                .with_extra_stanza_nodes(built.nodes.clone());
            let sending = client.send_message_with_options(chat.clone(), message, options);
            newsletter::publish(client, id, async { sending.await.map(drop) }).await?
        }
    };
    let mut sent = built.sent(id.to_owned(), &chat);
    if let Some(server_id) = server_id {
        let server_id = Value::String(server_id.to_string());
        sent.key.more.insert("server_id".to_owned(), server_id);
    }
    Ok(sent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_names_its_album() {
        let chat: Jid = "5511900000002@s.whatsapp.net".parse().expect("a JID");
        let mut built = Built::new(json!({"imageMessage": {"caption": "one"}}));
        built.put_into_album(&MessageKey::new("ALBUM", "x", true), &chat);
        let message = built.message().expect("it is a message");
        let info = message
            .message_context_info
            .as_option()
            .expect("it has one");
        let parent = &info.message_association.parent_message_key;
        assert_eq!(parent.id.as_deref(), Some("ALBUM"));
        let sent = built.sent("A".to_owned(), &chat);
        assert_eq!(sent.message_type, "imageMessage");
    }

    #[test]
    fn ids_look_like_those_of_whatsapp_web() {
        let (one, other) = (new_id(), new_id());
        assert_ne!(one, other);
        assert_eq!(one.len(), 22);
        assert!(
            one.starts_with("3EB0") && one[4..].chars().all(|c| matches!(c, '0'..='9' | 'A'..='F'))
        );
        assert_eq!(key::source(&one).as_str(), "web");
    }

    #[test]
    fn answers_have_a_context_where_the_original_has() {
        let chat: Jid = "120363002866886739@g.us".parse().expect("a JID");
        let sent = |wire| Built::new(wire).sent("3EB0".to_owned(), &chat);
        let text = sent(json!({"extendedTextMessage": {"text": "hi"}}));
        assert_eq!(text.context_info, None);
        assert_eq!(text.message, json!({"conversation": "hi"}));
        assert_eq!(text.message_type, "conversation");
        assert_eq!(
            sent(json!({"imageMessage": {}})).context_info,
            Some(Value::Null)
        );
        assert_eq!(
            serde_json::to_value(&text.key).expect("JSON"),
            json!({"id": "3EB0", "fromMe": true, "remoteJid": "120363002866886739@g.us"})
        );
    }
}

//! What a channel needs for sending and does not find out by itself.

use std::sync::Arc;

use pombo_domain::channel::ChannelError;
use pombo_domain::jid;
use pombo_domain::media::PreparedMedia;
use pombo_domain::message::{
    MediaKind, MessageKey, Outgoing, OutgoingContent, Quoted, StatusContent, StatusPost,
};
use pombo_media::MediaError;
use pombo_store::contact::{self, ContactFilter};
use pombo_store::message;
use serde_json::Value;
use tracing::debug;

use super::groups::mentions;
use super::send::SendError;
use crate::gateway::Gateway;
use crate::instance::Entry;

impl Gateway {
    /// Fills in [`Outgoing::resolved`], and gives the address of the recipient.
    pub(super) async fn resolve(
        &self,
        entry: &Arc<Entry>,
        outgoing: &mut Outgoing,
    ) -> Result<String, SendError> {
        if let OutgoingContent::Reaction { target, .. } = &mut outgoing.content {
            self.numbered(entry, target).await?;
        }
        let to = match &outgoing.content {
            OutgoingContent::Status(post) => {
                outgoing.resolved.recipients = self.audience(entry, post).await?;
                jid::STATUS.to_owned()
            }
            // A reaction goes where its message is.
            OutgoingContent::Reaction { target, .. } => target.remote_jid.clone(),
            _ => {
                let to = self.recipient(entry, &outgoing.number).await?;
                self.numbered_chat(entry, to).await
            }
        };
        outgoing.resolved.quoted = self.quoted(entry, outgoing.quoted.as_ref(), &to).await?;
        self.of_group(entry, outgoing, &to).await?;
        outgoing.resolved.files = self.files(&outgoing.content).await?;
        if let (OutgoingContent::Text { text }, true, Some(media)) =
            (&outgoing.content, outgoing.link_preview, &self.media)
        {
            outgoing.resolved.preview = media.link_preview(text).await;
        }
        Ok(to)
    }

    /// The phone-number address of a LID where it is known, as in the original: what an account sends to a person is found in one
    /// chat, whichever address it was sent to.
    async fn numbered_chat(&self, entry: &Entry, to: String) -> String {
        if !to.ends_with("@lid") {
            return to;
        }
        let directory = entry
            .channel
            .as_ref()
            .and_then(|channel| channel.directory());
        let other = match directory {
            Some(directory) => directory.other_identity(&to).await,
            None => None,
        };
        other.unwrap_or(to)
    }

    /// Who sees a status post.
    async fn audience(
        &self,
        entry: &Arc<Entry>,
        post: &StatusPost,
    ) -> Result<Vec<String>, SendError> {
        if !post.all_contacts {
            let answers = self.numbers(entry, &post.recipients).await?;
            return Ok(answers
                .into_iter()
                .filter(|answer| answer.exists)
                .map(|answer| answer.jid)
                .collect());
        }
        let id = &entry.state().instance.id;
        let all = contact::find(&self.store, id, &ContactFilter::default(), None).await?;
        let audience: Vec<String> = all
            .into_iter()
            .filter(|contact| contact.push_name.is_some())
            .map(|contact| contact.remote_jid)
            .filter(|jid| jid.ends_with("@s.whatsapp.net") || jid.ends_with("@lid"))
            .collect();
        if audience.is_empty() {
            return Err(ChannelError::Invalid("Contacts not found".to_owned()).into());
        }
        Ok(audience)
    }

    /// `{key: {id, ..}, message?}`: with its content as it is, else as it is stored.
    async fn quoted(
        &self,
        entry: &Entry,
        wanted: Option<&Value>,
        to: &str,
    ) -> Result<Option<Quoted>, SendError> {
        let Some(wanted) = wanted else {
            return Ok(None);
        };
        let id = wanted["key"]["id"].as_str().unwrap_or_default();
        let content = wanted.get("message").filter(|content| {
            content
                .as_object()
                .is_some_and(|members| !members.is_empty())
        });
        let stored = message::by_key_id(&self.store, &entry.state().instance.id, id).await?;
        match (content, stored) {
            (Some(content), stored) => {
                let key = stored.map(|stored| stored.key);
                Ok(Some(Quoted {
                    key: key.unwrap_or_else(|| key_of(&wanted["key"], to)),
                    message: content.clone(),
                }))
            }
            (None, Some(stored)) => Ok(Some(Quoted {
                key: stored.key,
                message: stored.message,
            })),
            (None, None) => {
                // Compatible: sent without the quote.
                debug!(message.id = id, "the quoted message is not stored");
                Ok(None)
            }
        }
    }

    /// What a message to a group takes from the group: who is mentioned, and when it disappears. Mentions are for groups only,
    /// as in the original.
    async fn of_group(
        &self,
        entry: &Entry,
        outgoing: &mut Outgoing,
        to: &str,
    ) -> Result<(), SendError> {
        let reaction = matches!(outgoing.content, OutgoingContent::Reaction { .. });
        if !jid::is_group(to) || reaction {
            return Ok(());
        }
        let groups = entry.channel.as_ref().and_then(|channel| channel.groups());
        let group = match groups {
            Some(groups) => match groups.metadata(to).await {
                Ok(group) => Some(group),
                Err(ChannelError::NotFound(_)) => {
                    return Err(ChannelError::NotFound("Group not found".to_owned()).into());
                }
                // Everybody cannot be mentioned without knowing them; everything else can do without.
                Err(error) if outgoing.mentions_everyone => return Err(error.into()),
                Err(error) => {
                    debug!("a group is not known to who writes to it: {error}");
                    None
                }
            },
            None => None,
        };
        let mentioned = mentions(
            group.as_deref(),
            outgoing.mentions_everyone,
            &outgoing.mentioned,
            text_of(&outgoing.content),
        );
        outgoing.resolved.mentioned = mentioned;
        outgoing.resolved.ephemeral = group.and_then(|group| group.ephemeral_duration);
        Ok(())
    }

    /// The files of a content, in the order in which it names them.
    async fn files(&self, content: &OutgoingContent) -> Result<Vec<PreparedMedia>, SendError> {
        let media = || {
            self.media
                .as_ref()
                .ok_or_else(|| ChannelError::Failed("files cannot be prepared here".to_owned()))
        };
        Ok(match content {
            OutgoingContent::Media(file) => vec![media()?.media(file.clone()).await?],
            OutgoingContent::Audio {
                source, untouched, ..
            } => {
                let media = media()?;
                let file = media.load(source.clone()).await?;
                vec![if *untouched {
                    media.untouched_voice_note(file).await?
                } else {
                    media.voice_note(file).await?
                }]
            }
            OutgoingContent::Ptv { source } => {
                let media = media()?;
                vec![media.ptv(media.load(source.clone()).await?).await?]
            }
            OutgoingContent::Sticker { source, finished } => {
                let media = media()?;
                let file = media.load(source.clone()).await?;
                vec![if *finished {
                    media.finished_sticker(file).await?
                } else {
                    media.sticker(file).await?
                }]
            }
            OutgoingContent::Buttons { thumbnail_url, .. } => match thumbnail_url {
                Some(url) if !url.is_empty() => {
                    let picture = pombo_domain::message::Media {
                        kind: MediaKind::Image,
                        source: pombo_domain::message::MediaSource::Url(url.clone()),
                        mimetype: None,
                        caption: None,
                        file_name: None,
                    };
                    vec![media()?.media(picture).await?]
                }
                _ => Vec::new(),
            },
            OutgoingContent::Carousel { cards, .. } => {
                let mut files = Vec::new();
                for header in cards.iter().filter_map(|card| card.header.as_ref()) {
                    files.push(media()?.media(header.clone()).await?);
                }
                files
            }
            OutgoingContent::Status(post) => match &post.content {
                StatusContent::Text { .. } => Vec::new(),
                StatusContent::File(file) if file.kind == MediaKind::Audio => {
                    let media = media()?;
                    vec![
                        media
                            .voice_note(media.load(file.source.clone()).await?)
                            .await?,
                    ]
                }
                StatusContent::File(file) => vec![media()?.media(file.clone()).await?],
            },
            OutgoingContent::Text { .. }
            | OutgoingContent::Location { .. }
            | OutgoingContent::Contacts(_)
            | OutgoingContent::Reaction { .. }
            | OutgoingContent::Poll { .. }
            | OutgoingContent::List { .. }
            | OutgoingContent::Forward { .. }
            | OutgoingContent::Raw { .. } => Vec::new(),
        })
    }
}

/// Where somebody may be mentioned.
fn text_of(content: &OutgoingContent) -> &str {
    match content {
        OutgoingContent::Text { text } => text,
        OutgoingContent::Media(media) => media.caption.as_deref().unwrap_or_default(),
        OutgoingContent::Audio { .. }
        | OutgoingContent::Ptv { .. }
        | OutgoingContent::Sticker { .. }
        | OutgoingContent::Location { .. }
        | OutgoingContent::Contacts(_)
        | OutgoingContent::Reaction { .. }
        | OutgoingContent::Poll { .. }
        | OutgoingContent::List { .. }
        | OutgoingContent::Buttons { .. }
        | OutgoingContent::Carousel { .. }
        | OutgoingContent::Status(_)
        | OutgoingContent::Forward { .. }
        | OutgoingContent::Raw { .. } => "",
    }
}

fn key_of(key: &Value, to: &str) -> MessageKey {
    let text = |name: &str| key[name].as_str().map(str::to_owned);
    let mut parsed = MessageKey::new(
        text("id").unwrap_or_default(),
        text("remoteJid").unwrap_or_else(|| to.to_owned()),
        key["fromMe"].as_bool().unwrap_or(false),
    );
    parsed.participant = text("participant");
    parsed
}

impl From<MediaError> for SendError {
    fn from(error: MediaError) -> Self {
        match error {
            MediaError::Status(_) | MediaError::Fetch(_) => Self::Fetch(error),
            other => Self::File(other),
        }
    }
}

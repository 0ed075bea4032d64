//! What a user asks to send.

use std::sync::Arc;

use serde_json::Value;

use super::MessageKey;
use crate::media::{LinkPreview, MediaFile, PreparedMedia};

/// Everything that can be asked of a channel under `/message/*`. A closed set: match it without `_`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SendAction {
    /// `sendText`
    Text,
    /// `sendMedia`
    Media,
    /// `sendPtv`
    Ptv,
    /// `sendWhatsAppAudio`
    Audio,
    /// `sendStatus`
    Status,
    /// `sendSticker`
    Sticker,
    /// `sendLocation`
    Location,
    /// `sendContact`
    Contact,
    /// `sendReaction`
    Reaction,
    /// `sendPoll`
    Poll,
    /// `sendList`
    List,
    /// `sendButtons`
    Buttons,
    /// `sendTemplate`
    Template,
    /// `sendCarousel`
    Carousel,
    /// `sendAlbum`
    Album,
    /// `forwardMessage`
    Forward,
}

/// A message on its way out.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// The recipient as the user wrote it.
    pub number: String,
    /// What to say.
    pub content: OutgoingContent,
    /// "typing..." before sending.
    pub delay: std::time::Duration,
    /// The quoted message: `{key: {id, ..}, message?}`.
    pub quoted: Option<Value>,
    /// JIDs or numbers mentioned.
    pub mentioned: Vec<String>,
    /// Mention everybody in the group.
    pub mentions_everyone: bool,
    /// `false` only when the user switched it off.
    pub link_preview: bool,
    /// Where status news of this message go.
    pub webhook_url: Option<String>,
    /// What the rules found out for a channel that wants it.
    pub resolved: Resolved,
}

impl Outgoing {
    /// A message with nothing beside its content: it quotes and mentions nobody, and links in it are shown as they are.
    #[must_use]
    pub fn new(number: impl Into<String>, content: OutgoingContent) -> Self {
        Self {
            number: number.into(),
            content,
            delay: std::time::Duration::ZERO,
            quoted: None,
            mentioned: Vec::new(),
            mentions_everyone: false,
            link_preview: false,
            webhook_url: None,
            resolved: Resolved::default(),
        }
    }
}

/// What a channel needs for sending and does not find out by itself: filled in by the rules when the channel wants it.
#[derive(Debug, Clone, Default)]
pub struct Resolved {
    /// The files of the content, ready to be sent, in the order in which the content names them.
    pub files: Vec<PreparedMedia>,
    /// What is shown below a text with a link.
    pub preview: Option<LinkPreview>,
    /// The quoted message, with its content.
    pub quoted: Option<Quoted>,
    /// JIDs of those mentioned.
    pub mentioned: Vec<String>,
    /// Who sees a status post.
    pub recipients: Vec<String>,
    /// Messages of the chat disappear after so many seconds.
    pub ephemeral: Option<u32>,
    /// The album that a picture or film belongs to: the key of the message that announced it.
    pub album: Option<MessageKey>,
}

/// A quoted message.
#[derive(Debug, Clone)]
pub struct Quoted {
    /// Its key.
    pub key: MessageKey,
    /// Its content: protobuf JSON in either encoding of bytes and 64-bit numbers.
    pub message: Value,
}

/// What to say. Grows with the channels that can say it.
#[derive(Debug, Clone)]
pub enum OutgoingContent {
    /// Plain text.
    Text {
        /// The words.
        text: String,
    },
    /// A file with its caption.
    Media(Media),
    /// A voice note.
    Audio {
        /// The recording.
        source: MediaSource,
        /// Its type, when given.
        mimetype: Option<String>,
        /// Sent as it is, without making it what phones show as a voice note (`encoding: false`).
        untouched: bool,
    },
    /// Text with buttons.
    Buttons {
        /// First line.
        title: Option<String>,
        /// Body.
        description: Option<String>,
        /// Small print.
        footer: Option<String>,
        /// Picture above the text.
        thumbnail_url: Option<String>,
        /// The buttons as the user wrote them, checked.
        buttons: Vec<Value>,
    },
    /// A round video.
    Ptv {
        /// The film.
        source: MediaSource,
    },
    /// A sticker.
    Sticker {
        /// A picture or a film, or a finished sticker.
        source: MediaSource,
        /// The source is a finished WebP sticker.
        finished: bool,
    },
    /// A place.
    Location {
        /// Degrees north.
        latitude: f64,
        /// Degrees east.
        longitude: f64,
        /// What it is called.
        name: Option<String>,
        /// Where it is.
        address: Option<String>,
    },
    /// Business cards, at least one.
    Contacts(Vec<ContactCard>),
    /// A reaction to a message; empty: taken back.
    Reaction {
        /// The message.
        target: MessageKey,
        /// One emoji, or nothing.
        emoji: String,
    },
    /// A poll.
    Poll {
        /// The question.
        name: String,
        /// The answers.
        values: Vec<String>,
        /// How many may be chosen; 0: any number.
        selectable: u32,
    },
    /// A list to choose one row from.
    List {
        /// First line.
        title: String,
        /// Body.
        description: Option<String>,
        /// Small print.
        footer: String,
        /// What opens the list.
        button: String,
        /// The rows, in sections.
        sections: Vec<ListSection>,
    },
    /// Cards side by side, each with a picture and buttons.
    Carousel {
        /// Text above the cards.
        body: Option<String>,
        /// The cards.
        cards: Vec<Card>,
    },
    /// A status post.
    Status(StatusPost),
    /// A message that is there already, passed on: its content.
    Forward {
        /// Protobuf JSON as stored.
        message: Value,
    },
    /// Protobuf JSON, sent as it is: for what has no route of its own.
    Raw {
        /// One member, such as `eventMessage`, with what stands beside it.
        message: Value,
        /// Further nodes of the stanza: `{"tag", "attrs", "content"}`.
        nodes: Vec<Value>,
    },
}

/// A business card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactCard {
    /// Name.
    pub full_name: String,
    /// Number as people write it.
    pub phone_number: String,
    /// Number or JID on WhatsApp, when it differs.
    pub wuid: Option<String>,
    /// Company.
    pub organization: Option<String>,
    /// Mail address.
    pub email: Option<String>,
    /// Home page.
    pub url: Option<String>,
}

/// A section of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListSection {
    /// Its heading.
    pub title: String,
    /// Its rows, at least one.
    pub rows: Vec<ListRow>,
}

/// A row of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRow {
    /// What it says.
    pub title: String,
    /// Small print.
    pub description: Option<String>,
    /// What comes back when it is chosen.
    pub id: String,
}

/// A card of a carousel.
#[derive(Debug, Clone)]
pub struct Card {
    /// First line.
    pub title: Option<String>,
    /// Body.
    pub body: String,
    /// Small print.
    pub footer: Option<String>,
    /// Picture or film above the text.
    pub header: Option<Media>,
    /// Its buttons, as in [`OutgoingContent::Buttons`].
    pub buttons: Vec<Value>,
}

/// A status post.
#[derive(Debug, Clone)]
pub struct StatusPost {
    /// What is posted.
    pub content: StatusContent,
    /// Everybody in the contacts; else `recipients`.
    pub all_contacts: bool,
    /// Who sees it: numbers or JIDs as the user wrote them.
    pub recipients: Vec<String>,
}

/// What is posted as a status.
#[derive(Debug, Clone)]
pub enum StatusContent {
    /// Words on a colour.
    Text {
        /// The words.
        text: String,
        /// `#RRGGBB` or `#AARRGGBB`.
        background: String,
        /// 0 to 5, and what WhatsApp may add.
        font: u32,
    },
    /// A picture, a film, or a voice note.
    File(Media),
}

/// What kind of file is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaKind {
    /// Picture.
    Image,
    /// Film.
    Video,
    /// Sound, not a voice note.
    Audio,
    /// Anything else.
    Document,
}

impl MediaKind {
    /// The spelling that clients use (`mediatype`).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Document => "document",
        }
    }

    /// The kind of that spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Image, Self::Video, Self::Audio, Self::Document]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }

    /// The `messageType` of such a message.
    #[must_use]
    pub const fn message_type(self) -> &'static str {
        match self {
            Self::Image => "imageMessage",
            Self::Video => "videoMessage",
            Self::Audio => "audioMessage",
            Self::Document => "documentMessage",
        }
    }
}

/// A file with what is known about it.
#[derive(Debug, Clone)]
pub struct Media {
    /// What kind of file.
    pub kind: MediaKind,
    /// Where it comes from.
    pub source: MediaSource,
    /// Its type, when given.
    pub mimetype: Option<String>,
    /// Words below it.
    pub caption: Option<String>,
    /// Its name, when given.
    pub file_name: Option<String>,
}

/// Where a file comes from.
#[derive(Debug, Clone)]
pub enum MediaSource {
    /// To be fetched.
    Url(String),
    /// Base64 text without a data-URI prefix, checked. Shared, since it can be very long.
    Base64(Arc<String>),
    /// Uploaded in a form.
    Upload {
        /// The file.
        file: MediaFile,
        /// The type that the form named.
        mimetype: Option<String>,
        /// The name that the form gave.
        file_name: Option<String>,
    },
}

//! What a user asks to send.

use bytes::Bytes;
use serde_json::Value;

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
    /// Base64 text without a data-URI prefix, checked.
    Base64(String),
    /// Uploaded in a form.
    Upload {
        /// The bytes.
        bytes: Bytes,
        /// The type that the form named.
        mimetype: Option<String>,
        /// The name that the form gave.
        file_name: Option<String>,
    },
}

//! What a file is for; decides its path.

use serde::{Deserialize, Serialize};

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MediaKind {
    /// A picture in a message.
    Image,
    /// A video in a message.
    Video,
    /// Speech or music in a message.
    Audio,
    /// Any file in a message.
    Document,
    /// A sticker.
    Sticker,
    /// A pack of stickers.
    StickerPack,
    /// The preview of a pack of stickers.
    StickerPackThumbnail,
    /// The preview of a link.
    LinkThumbnail,
    /// A part of the history that a phone gives its companions.
    History,
    /// A piece of app state too large for a stanza.
    AppState,
    /// A product in a catalogue. Not encrypted.
    ProductImage,
    /// The cover of a business. Not encrypted.
    CoverPhoto,
    /// A profile picture. Not encrypted.
    ProfilePicture,
    /// A picture in a channel. Not encrypted.
    NewsletterImage,
    /// A video in a channel. Not encrypted.
    NewsletterVideo,
    /// Audio in a channel. Not encrypted.
    NewsletterAudio,
    /// A file in a channel. Not encrypted.
    NewsletterDocument,
    /// A sticker in a channel. Not encrypted.
    NewsletterSticker,
}

impl MediaKind {
    /// What is uploaded to `/<area>/<name>/<token>`.
    pub(super) fn of_upload(area: &str, name: &str) -> Option<Self> {
        Some(match (area, name) {
            ("mms", "image") => Self::Image,
            ("mms", "video" | "gif" | "ptv") => Self::Video,
            ("mms", "audio" | "ptt") => Self::Audio,
            ("mms", "document") => Self::Document,
            ("mms", "sticker") => Self::Sticker,
            ("mms", "sticker-pack") => Self::StickerPack,
            ("mms", "thumbnail-sticker-pack") => Self::StickerPackThumbnail,
            ("mms", "thumbnail-link") => Self::LinkThumbnail,
            ("mms", "md-msg-hist") => Self::History,
            ("mms", "md-app-state") => Self::AppState,
            ("product", "image") => Self::ProductImage,
            ("pps", "biz-cover-photo") => Self::CoverPhoto,
            ("newsletter", "newsletter-image") => Self::NewsletterImage,
            ("newsletter", "newsletter-video" | "newsletter-gif") => Self::NewsletterVideo,
            ("newsletter", "newsletter-audio" | "newsletter-ptt") => Self::NewsletterAudio,
            ("newsletter", "newsletter-document") => Self::NewsletterDocument,
            ("newsletter", "newsletter-sticker") => Self::NewsletterSticker,
            _ => return None,
        })
    }

    /// The folder of its direct path. Sources: paths in messages that clients exchange; the number only tells kinds apart.
    pub(super) const fn folder(self) -> &'static str {
        match self {
            Self::Image | Self::LinkThumbnail => "t62.7118-24",
            Self::Video => "t62.7161-24",
            Self::Audio => "t62.7117-24",
            Self::Document => "t62.7119-24",
            Self::Sticker | Self::StickerPack | Self::StickerPackThumbnail => "t62.15575-24",
            Self::History => "t62.41084-24",
            Self::AppState => "t62.33000-24",
            Self::ProductImage => "t45.5328-4",
            Self::CoverPhoto => "t61.25591-24",
            Self::ProfilePicture => "t61.24694-24",
            Self::NewsletterImage
            | Self::NewsletterVideo
            | Self::NewsletterAudio
            | Self::NewsletterDocument
            | Self::NewsletterSticker => "t64.29999-24",
        }
    }

    /// The end of its file name.
    pub(super) const fn extension(self) -> &'static str {
        match self {
            Self::Image
            | Self::Video
            | Self::Audio
            | Self::Document
            | Self::Sticker
            | Self::StickerPack
            | Self::StickerPackThumbnail
            | Self::LinkThumbnail
            | Self::History
            | Self::AppState => "enc",
            Self::ProductImage
            | Self::CoverPhoto
            | Self::ProfilePicture
            | Self::NewsletterImage => "jpg",
            Self::NewsletterVideo => "mp4",
            Self::NewsletterAudio => "ogg",
            Self::NewsletterDocument => "bin",
            Self::NewsletterSticker => "webp",
        }
    }
}

//! Text.

use waproto::whatsapp as wa;

use crate::phone::media::UploadedFile;

/// A short text, as phones send it: `conversation`.
pub fn text(text: &str) -> wa::Message {
    wa::Message {
        conversation: Some(text.to_owned()),
        ..Default::default()
    }
}

/// The same in the longer form, which can carry quotes, mentions and previews: `extended_text_message`.
pub fn plain(text: &str) -> wa::Message {
    wa::Message {
        extended_text_message: wa::message::ExtendedTextMessage {
            text: Some(text.to_owned()),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    }
}

/// White (or any) text on a coloured ground, as in a status.
pub fn styled(text: &str, background_argb: u32, font: i32) -> wa::Message {
    use waproto::buffa::Enumeration as _;
    wa::Message {
        extended_text_message: wa::message::ExtendedTextMessage {
            text: Some(text.to_owned()),
            background_argb: Some(background_argb),
            text_argb: Some(0xffff_ffff),
            font: wa::message::extended_text_message::FontType::from_i32(font),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    }
}

/// What is shown of a link's target.
#[derive(Debug, Clone, Default)]
pub struct LinkPreview {
    /// Title of the page.
    pub title: String,
    /// What the page says about itself.
    pub description: String,
    /// A small JPEG.
    pub thumbnail: Option<Vec<u8>>,
    /// A large one, uploaded as [`crate::phone::media::FileKind::LinkThumbnail`].
    pub large: Option<UploadedFile>,
}

/// A text with a link in it, and its preview.
pub fn link(text: &str, url: &str, preview: LinkPreview) -> wa::Message {
    let mut message = wa::message::ExtendedTextMessage {
        text: Some(text.to_owned()),
        matched_text: Some(url.to_owned()),
        title: Some(preview.title),
        description: Some(preview.description),
        jpeg_thumbnail: preview.thumbnail,
        preview_type: Some(wa::message::extended_text_message::PreviewType::NONE),
        ..Default::default()
    };
    if let Some(large) = preview.large {
        message.thumbnail_direct_path = Some(large.direct_path);
        message.thumbnail_sha256 = Some(large.file_sha256);
        message.thumbnail_enc_sha256 = Some(large.file_enc_sha256);
        message.media_key = Some(large.media_key);
        message.media_key_timestamp = Some(large.media_key_timestamp);
    }
    wa::Message {
        extended_text_message: message.into(),
        ..Default::default()
    }
}

//! Files: pictures, films, sound, documents, stickers.

use pombo_domain::channel::ChannelError;
use pombo_domain::media::PreparedMedia;
use pombo_domain::message::{Media, MediaKind};
use serde_json::{Map, Value, json};
use wacore::download::MediaType;

use super::Built;
use super::context::Context;
use crate::json::{indexed, long, signed_long};
use crate::media::upload::Uploaded;

pub(super) const PICTURE: MediaType = MediaType::Image;
pub(super) const FILM: MediaType = MediaType::Video;
pub(super) const VOICE: MediaType = MediaType::Audio;
pub(super) const STICKER: MediaType = MediaType::Sticker;

/// What the network keeps such a file as.
pub(super) const fn media_type(kind: MediaKind) -> MediaType {
    match kind {
        MediaKind::Image => PICTURE,
        MediaKind::Video => FILM,
        MediaKind::Audio => VOICE,
        MediaKind::Document => MediaType::Document,
    }
}

pub(super) fn missing() -> ChannelError {
    ChannelError::Failed("the file was not prepared".to_owned())
}

/// The only file of a content.
pub(super) fn first(files: &[PreparedMedia]) -> Result<&PreparedMedia, ChannelError> {
    files.first().ok_or_else(missing)
}

/// Members in the order in which records have them; what is not known is left out.
struct Members(Map<String, Value>);

impl Members {
    /// `lists` are shown although they are empty, as records of the original show them.
    fn new(lists: &[&str]) -> Self {
        let empty = lists.iter().map(|name| ((*name).to_owned(), json!([])));
        Self(empty.collect())
    }

    fn put(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    fn maybe(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.put(name, value),
            None => self,
        }
    }

    /// Where the file is, and how it is decrypted.
    fn uploaded(self, file: &PreparedMedia, uploaded: &Uploaded) -> Self {
        let secret = uploaded.secret.as_ref();
        self.put("url", uploaded.url.clone())
            .put("mimetype", file.mimetype.clone())
            .put("fileSha256", indexed(&uploaded.file_sha256))
            .put("fileLength", long(uploaded.file_length, true))
            .maybe("mediaKey", secret.map(|secret| indexed(&secret.media_key)))
            .maybe(
                "fileEncSha256",
                secret.map(|secret| indexed(&secret.file_enc_sha256)),
            )
            .put("directPath", uploaded.direct_path.clone())
            .maybe(
                "mediaKeyTimestamp",
                secret.map(|secret| signed_long(secret.media_key_timestamp)),
            )
    }

    fn size(self, file: &PreparedMedia) -> Self {
        self.maybe("height", file.height).maybe("width", file.width)
    }

    fn thumbnail(self, file: &PreparedMedia) -> Self {
        self.maybe("jpegThumbnail", file.thumbnail.as_deref().map(indexed))
    }

    fn value(self) -> Value {
        self.0.into()
    }
}

/// A picture, without its context.
pub(super) fn picture(file: &PreparedMedia, uploaded: &Uploaded) -> Value {
    Members::new(&["interactiveAnnotations", "scanLengths", "annotations"])
        .uploaded(file, uploaded)
        .size(file)
        .thumbnail(file)
        .value()
}

/// A film, without its context.
fn film(file: &PreparedMedia, uploaded: &Uploaded) -> Value {
    Members::new(&["interactiveAnnotations", "annotations", "processedVideos"])
        .uploaded(file, uploaded)
        .maybe("seconds", file.seconds)
        .size(file)
        .thumbnail(file)
        .maybe(
            "streamingSidecar",
            uploaded.streaming_sidecar.as_deref().map(indexed),
        )
        .value()
}

fn sound(file: &PreparedMedia, uploaded: &Uploaded) -> Value {
    Members::new(&[])
        .uploaded(file, uploaded)
        .maybe("seconds", file.seconds)
        .maybe(
            "streamingSidecar",
            uploaded.streaming_sidecar.as_deref().map(indexed),
        )
        .value()
}

fn document(media: &Media, file: &PreparedMedia, uploaded: &Uploaded) -> Value {
    let name = media.file_name.clone().or_else(|| file.file_name.clone());
    Members::new(&[])
        .uploaded(file, uploaded)
        .maybe("title", name.clone())
        .maybe("fileName", name)
        .maybe("pageCount", file.page_count)
        .thumbnail(file)
        .value()
}

fn voice(file: &PreparedMedia, uploaded: &Uploaded) -> Value {
    let mut content = sound(file, uploaded);
    content["ptt"] = true.into();
    if let Some(waveform) = &file.waveform {
        content["waveform"] = indexed(waveform);
    }
    content
}

/// A file with its caption.
pub(super) fn media(
    media: &Media,
    file: &PreparedMedia,
    uploaded: &Uploaded,
    context: &Context,
) -> Built {
    let caption = media
        .caption
        .as_deref()
        .filter(|caption| !caption.is_empty());
    let mut content = match media.kind {
        MediaKind::Image => picture(file, uploaded),
        MediaKind::Video => {
            let mut film = film(file, uploaded);
            film["gifPlayback"] = false.into();
            film
        }
        MediaKind::Audio => sound(file, uploaded),
        MediaKind::Document => document(media, file, uploaded),
    };
    if let (Some(caption), true) = (caption, media.kind != MediaKind::Audio) {
        content["caption"] = caption.into();
    }
    let kind = media.kind.message_type();
    let content = context.attach_always(content);
    let mut built = Built::new(json!({kind: content}));
    if media.kind == MediaKind::Document && caption.is_some() {
        // Phones show the words below a document only in this wrapper; records never show the wrapper.
        built.shown = Some(built.wire);
        built.wire = json!({"documentWithCaptionMessage": {"message": {kind: content}}});
    }
    built
}

pub(super) fn voice_note(file: &PreparedMedia, uploaded: &Uploaded, context: &Context) -> Built {
    let content = context.attach_always(voice(file, uploaded));
    Built::new(json!({"audioMessage": content}))
}

pub(super) fn ptv(file: &PreparedMedia, uploaded: &Uploaded, context: &Context) -> Built {
    let content = context.attach_always(film(file, uploaded));
    Built::new(json!({"ptvMessage": content}))
}

pub(super) fn sticker(file: &PreparedMedia, uploaded: &Uploaded, context: &Context) -> Built {
    let content = Members::new(&[])
        .uploaded(file, uploaded)
        .size(file)
        .maybe("isAnimated", file.is_animated.then_some(true))
        .value();
    Built::new(json!({"stickerMessage": context.attach_always(content)}))
}

/// A file as a status post: it has no context.
pub(super) fn post(
    media: &Media,
    file: &PreparedMedia,
    uploaded: &Uploaded,
) -> Result<Value, ChannelError> {
    let caption = media
        .caption
        .as_deref()
        .filter(|caption| !caption.is_empty());
    let mut content = match media.kind {
        MediaKind::Image => picture(file, uploaded),
        MediaKind::Video => film(file, uploaded),
        MediaKind::Audio => voice(file, uploaded),
        MediaKind::Document => {
            return Err(ChannelError::Invalid(
                "a document cannot be posted as a status".to_owned(),
            ));
        }
    };
    if let (Some(caption), true) = (caption, media.kind != MediaKind::Audio) {
        content["caption"] = caption.into();
    }
    Ok(json!({media.kind.message_type(): content}))
}

/// The header of a card.
pub(super) fn header(
    media: &Media,
    file: &PreparedMedia,
    uploaded: &Uploaded,
) -> Result<Value, ChannelError> {
    let content = match media.kind {
        MediaKind::Image => picture(file, uploaded),
        MediaKind::Video => film(file, uploaded),
        MediaKind::Document => document(media, file, uploaded),
        MediaKind::Audio => {
            return Err(ChannelError::Invalid(
                "sound cannot stand above a card".to_owned(),
            ));
        }
    };
    Ok(json!({"hasMediaAttachment": true, media.kind.message_type(): content}))
}

#[cfg(test)]
pub(super) mod tests {
    use pombo_domain::media::MediaFile;
    use pombo_domain::message::MediaSource;
    use wacore_binary::Jid;

    use super::super::context::tests::direct;
    use super::*;
    use crate::media::upload::Secret;

    /// As after an upload of one byte.
    pub(crate) fn uploaded() -> Uploaded {
        Uploaded {
            url: "https://mmg.whatsapp.net/v/x".to_owned(),
            direct_path: "/v/x".to_owned(),
            file_sha256: [2; 32],
            file_length: 1,
            secret: Some(Secret {
                media_key: [1; 32],
                file_enc_sha256: [3; 32],
                media_key_timestamp: 1_795_398_065,
            }),
            handle: None,
            streaming_sidecar: None,
        }
    }

    pub(crate) fn prepared(mimetype: &str) -> PreparedMedia {
        PreparedMedia::new(MediaFile::in_memory("x"), mimetype)
    }

    fn of(kind: MediaKind, caption: Option<&str>) -> Media {
        Media {
            kind,
            source: MediaSource::Base64(std::sync::Arc::default()),
            mimetype: None,
            caption: caption.map(str::to_owned),
            file_name: None,
        }
    }

    fn chat() -> Jid {
        "5511900000002@s.whatsapp.net".parse().expect("a JID")
    }

    fn names(value: &Value) -> Vec<&str> {
        value
            .as_object()
            .expect("an object")
            .keys()
            .map(String::as_str)
            .collect()
    }

    #[test]
    fn a_picture_is_answered_as_recorded() {
        let media_content = of(MediaKind::Image, Some("an image"));
        let built = media(
            &media_content,
            &prepared("image/png"),
            &uploaded(),
            &direct(),
        );
        let sent = built.sent("3EB0".to_owned(), &chat());
        assert_eq!(sent.message_type, "imageMessage");
        let mut wanted = vec![
            "interactiveAnnotations",
            "scanLengths",
            "annotations",
            "url",
            "mimetype",
            "caption",
            "fileSha256",
            "fileLength",
            "mediaKey",
            "fileEncSha256",
            "directPath",
            "mediaKeyTimestamp",
            "contextInfo",
        ];
        let mut shown = names(&sent.message["imageMessage"]);
        wanted.sort_unstable();
        shown.sort_unstable();
        assert_eq!(shown, wanted);
        assert_eq!(sent.context_info, direct().value());
    }

    #[test]
    fn every_kind_is_a_message() {
        for kind in [
            MediaKind::Image,
            MediaKind::Video,
            MediaKind::Audio,
            MediaKind::Document,
        ] {
            let mut file = prepared("a/b");
            file.seconds = Some(2);
            file.width = Some(3);
            file.height = Some(4);
            file.thumbnail = Some(vec![1].into());
            let built = media(&of(kind, None), &file, &uploaded(), &direct());
            let message = built.message().expect("it is a message");
            let shown = crate::json::record(&message);
            assert_eq!(shown[kind.message_type()]["mimetype"], "a/b", "{kind:?}");
            assert_eq!(shown[kind.message_type()]["fileLength"], long(1, true));
            assert_eq!(shown, built.wire, "{kind:?}: the answer is what was sent");
        }
    }

    #[test]
    fn words_below_a_document_need_a_wrapper_that_is_not_shown() {
        let built = media(
            &of(MediaKind::Document, Some("words")),
            &prepared("application/pdf"),
            &uploaded(),
            &direct(),
        );
        let message = built.message().expect("it is a message");
        assert!(message.document_with_caption_message.is_set());
        let sent = built.sent("3EB0".to_owned(), &chat());
        assert_eq!(sent.message_type, "documentMessage");
        assert_eq!(sent.message["documentMessage"]["caption"], "words");
        assert_eq!(sent.context_info, direct().value());
    }

    #[test]
    fn voice_notes_have_a_waveform() {
        let mut file = prepared("audio/ogg; codecs=opus");
        file.waveform = Some([7; 64]);
        file.seconds = Some(2);
        let built = voice_note(&file, &uploaded(), &direct());
        let message = built.message().expect("it is a message");
        let audio = message.audio_message.as_option().expect("it is sound");
        assert_eq!((audio.ptt, audio.seconds), (Some(true), Some(2)));
        assert_eq!(audio.waveform.as_deref(), Some(&[7; 64][..]));
    }

    #[test]
    fn round_films_and_stickers_are_kinds_of_their_own() {
        let film = ptv(&prepared("video/mp4"), &uploaded(), &direct());
        assert!(film.message().expect("a message").ptv_message.is_set());
        let mut file = prepared("image/webp");
        file.is_animated = true;
        let moving = sticker(&file, &uploaded(), &direct())
            .message()
            .expect("a message");
        let moving = moving.sticker_message.as_option().expect("a sticker");
        assert_eq!(moving.is_animated, Some(true));
        assert!(super::header(&of(MediaKind::Audio, None), &file, &uploaded()).is_err());
        assert!(post(&of(MediaKind::Document, None), &file, &uploaded()).is_err());
    }
}

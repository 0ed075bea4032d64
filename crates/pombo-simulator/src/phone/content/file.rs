//! Messages with files in them.

use waproto::whatsapp as wa;

use super::wrapper::future_proof;
use crate::phone::media::UploadedFile;

/// What a message says about a picture or film beside the file.
#[derive(Debug, Clone, Default)]
pub struct Picture {
    /// Text below it.
    pub caption: Option<String>,
    /// A small JPEG, shown until the file is there.
    pub thumbnail: Option<Vec<u8>>,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Of a film.
    pub seconds: u32,
}

/// A JPEG.
pub fn image(file: UploadedFile, picture: Picture) -> wa::Message {
    wa::Message {
        image_message: wa::message::ImageMessage {
            url: Some(file.url),
            direct_path: Some(file.direct_path),
            mimetype: Some("image/jpeg".to_owned()),
            caption: picture.caption,
            media_key: Some(file.media_key),
            media_key_timestamp: Some(file.media_key_timestamp),
            file_sha256: Some(file.file_sha256),
            file_enc_sha256: Some(file.file_enc_sha256),
            file_length: Some(file.file_length),
            jpeg_thumbnail: picture.thumbnail,
            width: Some(picture.width),
            height: Some(picture.height),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    }
}

fn film(file: UploadedFile, picture: Picture) -> wa::message::VideoMessage {
    wa::message::VideoMessage {
        url: Some(file.url),
        direct_path: Some(file.direct_path),
        mimetype: Some("video/mp4".to_owned()),
        caption: picture.caption,
        media_key: Some(file.media_key),
        media_key_timestamp: Some(file.media_key_timestamp),
        file_sha256: Some(file.file_sha256),
        file_enc_sha256: Some(file.file_enc_sha256),
        file_length: Some(file.file_length),
        jpeg_thumbnail: picture.thumbnail,
        width: Some(picture.width),
        height: Some(picture.height),
        seconds: Some(picture.seconds),
        streaming_sidecar: file.streaming_sidecar,
        ..Default::default()
    }
}

/// An MP4.
pub fn video(file: UploadedFile, picture: Picture) -> wa::Message {
    wa::Message {
        video_message: film(file, picture).into(),
        ..Default::default()
    }
}

/// A silent MP4 that repeats.
pub fn gif(file: UploadedFile, picture: Picture) -> wa::Message {
    let mut film = film(file, picture);
    film.gif_playback = Some(true);
    wa::Message {
        video_message: film.into(),
        ..Default::default()
    }
}

/// A round video note.
pub fn ptv(file: UploadedFile, picture: Picture) -> wa::Message {
    wa::Message {
        ptv_message: film(file, picture).into(),
        ..Default::default()
    }
}

fn sound(file: UploadedFile, seconds: u32) -> wa::message::AudioMessage {
    wa::message::AudioMessage {
        url: Some(file.url),
        direct_path: Some(file.direct_path),
        media_key: Some(file.media_key),
        media_key_timestamp: Some(file.media_key_timestamp),
        file_sha256: Some(file.file_sha256),
        file_enc_sha256: Some(file.file_enc_sha256),
        file_length: Some(file.file_length),
        seconds: Some(seconds),
        streaming_sidecar: file.streaming_sidecar,
        ..Default::default()
    }
}

/// Music: an MP3 or the like.
pub fn audio(file: UploadedFile, mimetype: &str, seconds: u32) -> wa::Message {
    let mut audio = sound(file, seconds);
    audio.mimetype = Some(mimetype.to_owned());
    audio.ptt = Some(false);
    wa::Message {
        audio_message: audio.into(),
        ..Default::default()
    }
}

/// An Opus recording, with the 64 heights of its waveform.
pub fn voice_note(file: UploadedFile, seconds: u32, waveform: Vec<u8>) -> wa::Message {
    let mut audio = sound(file, seconds);
    audio.mimetype = Some("audio/ogg; codecs=opus".to_owned());
    audio.ptt = Some(true);
    audio.waveform = Some(waveform);
    wa::Message {
        audio_message: audio.into(),
        ..Default::default()
    }
}

/// Any file, by name.
pub fn document(file: UploadedFile, name: &str, mimetype: &str) -> wa::Message {
    wa::Message {
        document_message: wa::message::DocumentMessage {
            url: Some(file.url),
            direct_path: Some(file.direct_path),
            mimetype: Some(mimetype.to_owned()),
            title: Some(name.to_owned()),
            file_name: Some(name.to_owned()),
            media_key: Some(file.media_key),
            media_key_timestamp: Some(file.media_key_timestamp),
            file_sha256: Some(file.file_sha256),
            file_enc_sha256: Some(file.file_enc_sha256),
            file_length: Some(file.file_length),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    }
}

/// The same with a text: phones wrap it.
pub fn document_with_caption(
    file: UploadedFile,
    name: &str,
    mimetype: &str,
    caption: &str,
) -> wa::Message {
    let mut inner = document(file, name, mimetype);
    if let Some(document) = inner.document_message.as_option_mut() {
        document.caption = Some(caption.to_owned());
    }
    wa::Message {
        document_with_caption_message: future_proof(inner),
        ..Default::default()
    }
}

/// A WebP, perhaps moving.
pub fn sticker(file: UploadedFile, animated: bool) -> wa::Message {
    wa::Message {
        sticker_message: wa::message::StickerMessage {
            url: Some(file.url),
            direct_path: Some(file.direct_path),
            mimetype: Some("image/webp".to_owned()),
            media_key: Some(file.media_key),
            media_key_timestamp: Some(file.media_key_timestamp),
            file_sha256: Some(file.file_sha256),
            file_enc_sha256: Some(file.file_enc_sha256),
            file_length: Some(file.file_length),
            is_animated: Some(animated),
            width: Some(512),
            height: Some(512),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    }
}

/// An animation that is drawn, not filmed: phones wrap it.
pub fn lottie_sticker(file: UploadedFile) -> wa::Message {
    let mut inner = sticker(file, true);
    if let Some(sticker) = inner.sticker_message.as_option_mut() {
        sticker.mimetype = Some("application/was".to_owned());
        sticker.is_lottie = Some(true);
    }
    wa::Message {
        lottie_sticker_message: future_proof(inner),
        ..Default::default()
    }
}

/// Several stickers: the archive, its cover, and the emojis of each sticker by file name.
pub fn sticker_pack(
    archive: UploadedFile,
    cover: UploadedFile,
    name: &str,
    publisher: &str,
    stickers: &[(&str, &[&str])],
) -> wa::Message {
    let stickers =
        stickers.iter().map(
            |(file_name, emojis)| wa::message::sticker_pack_message::Sticker {
                file_name: Some((*file_name).to_owned()),
                emojis: emojis.iter().map(|emoji| (*emoji).to_owned()).collect(),
                mimetype: Some("image/webp".to_owned()),
                is_animated: Some(false),
                ..Default::default()
            },
        );
    wa::Message {
        sticker_pack_message: wa::message::StickerPackMessage {
            sticker_pack_id: Some(name.to_owned()),
            name: Some(name.to_owned()),
            publisher: Some(publisher.to_owned()),
            stickers: stickers.collect(),
            file_length: Some(archive.file_length),
            file_sha256: Some(archive.file_sha256),
            file_enc_sha256: Some(archive.file_enc_sha256),
            media_key: Some(archive.media_key),
            media_key_timestamp: Some(archive.media_key_timestamp),
            direct_path: Some(archive.direct_path),
            thumbnail_direct_path: Some(cover.direct_path),
            thumbnail_sha256: Some(cover.file_sha256),
            thumbnail_enc_sha256: Some(cover.file_enc_sha256),
            sticker_pack_size: Some(archive.file_length),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    }
}

/// Announces pictures and films that belong together; they follow, each made with [`in_album`].
pub fn album(images: u32, videos: u32) -> wa::Message {
    wa::Message {
        album_message: wa::message::AlbumMessage {
            expected_image_count: Some(images),
            expected_video_count: Some(videos),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    }
}

/// Makes a picture or film part of an album.
pub fn in_album(mut message: wa::Message, album: wa::MessageKey) -> wa::Message {
    let info = message.message_context_info.get_or_insert_default();
    info.message_association = wa::MessageAssociation {
        association_type: Some(wa::message_association::AssociationType::MEDIA_ALBUM),
        parent_message_key: album.into(),
        ..Default::default()
    }
    .into();
    message
}

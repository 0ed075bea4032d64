//! Files that phones send and receive: encrypted before they go to the network's store, decrypted after they come from it.

use rand::RngExt as _;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};
use wacore::download::{DownloadUtils, Downloadable, MediaType};
use wacore::upload::encrypt_media_with_key;
use waproto::whatsapp as wa;

use super::PhoneError;
use super::view::message::base;
use crate::media::MediaKind;
use crate::network::Network;

/// What a file is for: decides about its key, and where it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FileKind {
    /// A picture.
    Image,
    /// A film, round or not, or a silent one that repeats.
    Video,
    /// Music or a voice note.
    Audio,
    /// Anything.
    Document,
    /// A WebP picture, or a Lottie animation.
    Sticker,
    /// Stickers in one archive.
    StickerPack,
    /// The cover of such an archive.
    StickerPackThumbnail,
    /// The picture of a link's preview.
    LinkThumbnail,
    /// Chats of the past, for a companion.
    History,
    /// A snapshot of settings, or mutations that are too many for a stanza.
    AppState,
}

impl FileKind {
    pub(crate) fn media_type(self) -> MediaType {
        match self {
            Self::Image => MediaType::Image,
            Self::Video => MediaType::Video,
            Self::Audio => MediaType::Audio,
            Self::Document => MediaType::Document,
            Self::Sticker => MediaType::Sticker,
            Self::StickerPack => MediaType::StickerPack,
            Self::StickerPackThumbnail => MediaType::StickerPackThumbnail,
            Self::LinkThumbnail => MediaType::LinkThumbnail,
            Self::History => MediaType::History,
            Self::AppState => MediaType::AppState,
        }
    }
}

impl FileKind {
    fn media_kind(self) -> MediaKind {
        match self {
            Self::Image => MediaKind::Image,
            Self::Video => MediaKind::Video,
            Self::Audio => MediaKind::Audio,
            Self::Document => MediaKind::Document,
            Self::Sticker => MediaKind::Sticker,
            Self::StickerPack => MediaKind::StickerPack,
            Self::StickerPackThumbnail => MediaKind::StickerPackThumbnail,
            Self::LinkThumbnail => MediaKind::LinkThumbnail,
            Self::History => MediaKind::History,
            Self::AppState => MediaKind::AppState,
        }
    }
}

/// A file that is in the store, and everything that a message must say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadedFile {
    /// What it is for.
    pub kind: FileKind,
    /// Where it can be downloaded from.
    pub url: String,
    /// The same without the host.
    pub direct_path: String,
    /// Decrypts it.
    pub media_key: Vec<u8>,
    /// When that key was drawn (seconds).
    pub media_key_timestamp: i64,
    /// SHA-256 of the file.
    pub file_sha256: Vec<u8>,
    /// SHA-256 of what is in the store.
    pub file_enc_sha256: Vec<u8>,
    /// Bytes of the file.
    pub file_length: u64,
    /// For playing before all has come: of sound and film.
    pub streaming_sidecar: Option<Vec<u8>>,
}

/// Encrypts a file and puts it into the store.
pub(crate) fn upload(
    network: &Network,
    random: &mut StdRng,
    kind: FileKind,
    content: &[u8],
) -> UploadedFile {
    let key: [u8; 32] = random.random();
    let sealed = encrypt_media_with_key(content, kind.media_type(), Some(&key))
        .expect("encrypting in memory cannot fail");
    let (direct_path, url) = keep(network, kind, sealed.data_to_upload);
    UploadedFile {
        kind,
        url,
        direct_path,
        media_key: key.to_vec(),
        media_key_timestamp: i64::try_from(network.clock.now()).unwrap_or(i64::MAX),
        file_sha256: sealed.file_sha256.to_vec(),
        file_enc_sha256: sealed.file_enc_sha256.to_vec(),
        file_length: content.len() as u64,
        streaming_sidecar: sealed.streaming_sidecar,
    }
}

/// Puts what is encrypted into the store: direct path and URL.
pub(crate) fn keep(network: &Network, kind: FileKind, sealed: Vec<u8>) -> (String, String) {
    let stored = network.media.store_in_memory(kind.media_kind(), sealed);
    (stored.direct_path, stored.url)
}

/// What is in the store under a direct path, unless it is on disk.
pub(crate) fn stored(network: &Network, direct_path: &str) -> Option<bytes::Bytes> {
    network.media.in_memory(direct_path.split('?').next()?)
}

/// Downloads and decrypts the file of a message, and compares it with what the message promised.
pub(crate) fn open(
    sealed: &[u8],
    file: &(impl Downloadable + ?Sized),
) -> Result<Vec<u8>, PhoneError> {
    let content = match file.media_key() {
        Some(key) => DownloadUtils::verify_and_decrypt(sealed, key, file.app_info())
            .map_err(|_| PhoneError::DamagedFile)?,
        // In newsletters nothing is encrypted; then only the hash says whether it is the right file.
        None if file.file_sha256().is_some() => sealed.to_vec(),
        None => return Err(PhoneError::NoFile),
    };
    if let Some(expected) = file.file_sha256() {
        use sha2::Digest as _;
        if sha2::Sha256::digest(&content).as_slice() != expected {
            return Err(PhoneError::DamagedFile);
        }
    }
    Ok(content)
}

/// The file that a message carries, whatever kind of message it is.
pub(crate) fn file_of(message: &wa::Message) -> Option<(FileKind, &dyn Downloadable)> {
    let message = base(message);
    macro_rules! first {
        ($($field:ident => $kind:ident),+ $(,)?) => {
            $(if let Some(file) = message.$field.as_option() {
                return Some((FileKind::$kind, file));
            })+
        };
    }
    first!(
        image_message => Image,
        video_message => Video,
        ptv_message => Video,
        audio_message => Audio,
        document_message => Document,
        sticker_message => Sticker,
        sticker_pack_message => StickerPack,
    );
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;

    fn sealed(kind: FileKind, content: &[u8]) -> (Vec<u8>, wa::message::ImageMessage) {
        let key: [u8; 32] = StdRng::seed_from_u64(1).random();
        let sealed = encrypt_media_with_key(content, kind.media_type(), Some(&key)).expect("seal");
        let message = wa::message::ImageMessage {
            media_key: Some(key.to_vec()),
            file_sha256: Some(sealed.file_sha256.to_vec()),
            ..Default::default()
        };
        (sealed.data_to_upload, message)
    }

    #[test]
    fn what_was_encrypted_is_decrypted_and_compared() {
        let (mut bytes, mut message) = sealed(FileKind::Image, b"a picture");
        assert_eq!(open(&bytes, &message).expect("open"), b"a picture");
        message.file_sha256 = Some(vec![0; 32]);
        assert!(matches!(
            open(&bytes, &message),
            Err(PhoneError::DamagedFile)
        ));
        message.file_sha256 = None;
        bytes[0] ^= 1;
        assert!(matches!(
            open(&bytes, &message),
            Err(PhoneError::DamagedFile)
        ));
    }

    #[test]
    fn each_kind_has_its_own_key() {
        let (bytes, message) = sealed(FileKind::Video, b"a film");
        assert!(matches!(
            open(&bytes, &message),
            Err(PhoneError::DamagedFile)
        ));
    }
}

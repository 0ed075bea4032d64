//! From a file to the network.

use std::fs::File;
use std::io::{self, BufWriter, Cursor, Read, Seek as _, SeekFrom, Write as _};
use std::sync::Arc;

use pombo_domain::channel::ChannelError;
use pombo_domain::media::{MediaContent, MediaFile, PreparedMedia};
use tempfile::TempPath;
use wacore::download::MediaType;
use wacore::upload::{EncryptedMediaInfo, UploadSource, encrypt_media_streaming};
use whatsapp_rust::upload::{UploadOptions, UploadResponse};
use whatsapp_rust::{Client, anyhow};

use super::{IN_MEMORY, temporary};
use crate::channel::WhatsappChannel;
use crate::query::error;

/// Where a file is now, and how it is decrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Uploaded {
    pub(crate) url: String,
    pub(crate) direct_path: String,
    pub(crate) file_sha256: [u8; 32],
    /// Bytes, not encrypted.
    pub(crate) file_length: u64,
    /// `None`: it is not encrypted.
    pub(crate) secret: Option<Secret>,
    /// The network's name for it, of a file that is not encrypted.
    pub(crate) handle: Option<String>,
    /// With it phones play before they have everything.
    pub(crate) streaming_sidecar: Option<Vec<u8>>,
}

/// What decrypts a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Secret {
    pub(crate) media_key: [u8; 32],
    pub(crate) file_enc_sha256: [u8; 32],
    /// Seconds since the epoch.
    pub(crate) media_key_timestamp: i64,
}

impl From<UploadResponse> for Uploaded {
    fn from(response: UploadResponse) -> Self {
        Self {
            url: response.url,
            direct_path: response.direct_path,
            file_sha256: response.file_sha256,
            file_length: response.file_length,
            secret: Some(Secret {
                media_key: response.media_key,
                file_enc_sha256: response.file_enc_sha256,
                media_key_timestamp: response.media_key_timestamp,
            }),
            handle: None,
            streaming_sidecar: response.streaming_sidecar,
        }
    }
}

/// An encrypted file on disk; the network asks for it from anywhere, and again after a failure.
struct Ciphertext {
    path: TempPath,
    length: u64,
}

impl UploadSource for Ciphertext {
    fn len(&self) -> u64 {
        self.length
    }

    fn reader_from(&self, offset: u64) -> io::Result<Box<dyn Read + Send>> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(Box::new(file))
    }
}

pub(super) fn open(file: &MediaFile) -> io::Result<Box<dyn Read + Send>> {
    Ok(match file.content() {
        MediaContent::Memory(bytes) => Box::new(Cursor::new(bytes.clone())),
        MediaContent::Disk(path) => {
            Box::new(io::BufReader::with_capacity(1 << 16, File::open(path)?))
        }
    })
}

/// Encrypts a file into a temporary one, piece by piece. Blocking.
fn encrypt(file: &MediaFile, kind: MediaType) -> anyhow::Result<(Ciphertext, EncryptedMediaInfo)> {
    let temporary = temporary()?;
    let mut writer = BufWriter::with_capacity(1 << 16, temporary);
    let info = encrypt_media_streaming(open(file)?, &mut writer, kind)?;
    writer.flush()?;
    let temporary = writer
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?;
    let length = temporary.as_file().metadata()?.len();
    let path = temporary.into_temp_path();
    Ok((Ciphertext { path, length }, info))
}

/// All bytes of a small file. Blocking.
fn read(file: &MediaFile) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(file.len()).unwrap_or_default());
    open(file)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl WhatsappChannel {
    /// Encrypts and uploads a file.
    pub(crate) async fn upload(
        &self,
        client: &Arc<Client>,
        prepared: &PreparedMedia,
        kind: MediaType,
    ) -> Result<Uploaded, ChannelError> {
        let file = prepared.file.clone();
        let uploaded = if file.len() <= IN_MEMORY {
            let bytes = blocking(move || Ok(read(&file)?)).await?;
            client.upload(bytes, kind, UploadOptions::new()).await
        } else {
            let (ciphertext, info) = blocking(move || encrypt(&file, kind)).await?;
            client.upload_stream(ciphertext, info, kind).await
        };
        uploaded
            .map(Uploaded::from)
            .map_err(|error| error::of_any(&error))
    }
}

/// Runs work on files where it may block.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> Result<T, ChannelError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| ChannelError::Failed(format!("work on a file broke off: {error}")))?
        .map_err(|error| {
            ChannelError::Failed(format!("a file could not be read or written: {error}"))
        })
}

#[cfg(test)]
mod tests {
    use wacore::download::DownloadUtils;

    use super::*;

    /// Three megabytes of no pattern that a cipher would keep.
    fn large() -> Vec<u8> {
        (0..3_000_001u32)
            .map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[3])
            .collect()
    }

    #[test]
    fn a_file_is_encrypted_by_streaming_and_decrypts_to_itself() {
        let plain = large();
        let on_disk = temporary().expect("a file");
        std::fs::write(on_disk.path(), &plain).expect("it can be written");
        let path = on_disk.path().to_owned();
        let length = plain.len() as u64;
        for file in [
            MediaFile::in_memory(plain.clone()),
            MediaFile::on_disk(path.clone(), length, Arc::new(())),
        ] {
            let (ciphertext, info) = encrypt(&file, MediaType::Document).expect("it is encrypted");
            assert_eq!(info.file_length, length);
            let mut all = Vec::new();
            let mut reader = ciphertext.reader_from(0).expect("it can be read");
            reader.read_to_end(&mut all).expect("it can be read");
            assert_eq!(all.len() as u64, ciphertext.len());
            let back =
                DownloadUtils::decrypt_stream(&all[..], &info.media_key, MediaType::Document);
            assert_eq!(back.expect("it is decrypted"), plain);

            let mut rest = Vec::new();
            let mut reader = ciphertext.reader_from(1000).expect("it can be read");
            reader.read_to_end(&mut rest).expect("it can be read");
            assert_eq!(rest, all[1000..]);

            let place = ciphertext.path.to_path_buf();
            drop(ciphertext);
            assert!(!place.exists());
        }
    }

    #[test]
    fn a_small_file_is_read_whole() {
        assert_eq!(read(&MediaFile::in_memory("abc")).expect("bytes"), b"abc");
        let gone = MediaFile::on_disk("/nowhere/at/all".into(), 3, Arc::new(()));
        assert!(read(&gone).is_err());
    }
}

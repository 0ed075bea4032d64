//! Files in texts.

use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt as _};
use pombo_domain::media::{MediaContent, MediaFile};
use tokio::io::AsyncReadExt as _;

/// Largest file that an event carries, in bytes: as text it is a third longer, and the log keeps it.
pub(crate) const LARGEST_IN_EVENT: u64 = 32 * 1024 * 1024;

/// Bytes that become text at once: divisible by three, so that pieces need no padding in between.
const PIECE: usize = 48 * 1024;

/// The file in base64, piece by piece, for files that are too large for the memory: [`base64_length`] bytes in all. Reads on
/// when more is asked for.
///
/// # Errors
/// When it cannot be opened; the stream ends with an error when it cannot be read to the end.
pub async fn base64_stream(
    file: MediaFile,
) -> io::Result<impl Stream<Item = io::Result<Bytes>> + Send + 'static> {
    let opened = match file.content() {
        MediaContent::Memory(bytes) => {
            let bytes = bytes.clone();
            let pieces = (0..bytes.len().div_ceil(PIECE)).map(move |piece| {
                let start = piece * PIECE;
                let end = bytes.len().min(start + PIECE);
                Ok(Bytes::from(STANDARD.encode(&bytes[start..end])))
            });
            return Ok(stream::iter(pieces).left_stream());
        }
        MediaContent::Disk(path) => tokio::fs::File::open(path).await?,
    };
    let length = file.len();
    // The file goes along: it is removed with its last clone.
    let begin = (opened.take(length), file, length);
    let pieces = stream::try_unfold(begin, async |(mut opened, file, left)| {
        if left == 0 {
            return Ok(None);
        }
        let mut piece = vec![0; PIECE.min(usize::try_from(left).unwrap_or(PIECE))];
        opened.read_exact(&mut piece).await?;
        let left = left - piece.len() as u64;
        Ok(Some((
            Bytes::from(STANDARD.encode(piece)),
            (opened, file, left),
        )))
    });
    Ok(pieces.right_stream())
}

/// How many bytes [`base64_stream`] gives for a file of this length.
#[must_use]
pub fn base64_length(length: u64) -> u64 {
    length.div_ceil(3) * 4
}

/// The file in base64, without a data-URL prefix.
///
/// # Errors
/// When it is larger than `limit` bytes, or cannot be read.
pub(crate) async fn base64(file: &MediaFile, limit: u64) -> Result<String, String> {
    if file.len() > limit {
        return Err(format!(
            "the file has {} bytes, more than {limit}",
            file.len()
        ));
    }
    match file.content() {
        MediaContent::Memory(bytes) => Ok(STANDARD.encode(bytes)),
        MediaContent::Disk(path) => {
            let bytes = tokio::fs::read(path)
                .await
                .map_err(|error| error.to_string())?;
            Ok(STANDARD.encode(bytes))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::TryStreamExt as _;

    use super::*;

    async fn text(file: MediaFile) -> String {
        let pieces: Vec<Bytes> = base64_stream(file)
            .await
            .expect("it can be opened")
            .try_collect()
            .await
            .expect("it can be read");
        String::from_utf8(pieces.concat()).expect("base64 is text")
    }

    #[tokio::test]
    async fn pieces_join_to_what_is_encoded_at_once() {
        let folder = tempfile::tempdir().expect("a folder");
        for length in [0, 1, 2, 3, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 2] {
            let bytes: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let expected = STANDARD.encode(&bytes);
            let path = folder.path().join(length.to_string());
            std::fs::write(&path, &bytes).expect("a file");
            let on_disk = MediaFile::on_disk(path, length as u64, Arc::new(()));
            assert_eq!(text(on_disk).await, expected, "{length} bytes on disk");
            assert_eq!(
                text(MediaFile::in_memory(bytes)).await,
                expected,
                "{length} bytes"
            );
            assert_eq!(base64_length(length as u64), expected.len() as u64);
        }
    }

    #[tokio::test]
    async fn a_file_that_is_shorter_than_it_should_be_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("short");
        std::fs::write(&path, b"abc").expect("a file");
        let file = MediaFile::on_disk(path, 4, Arc::new(()));
        let read = base64_stream(file).await.expect("it can be opened");
        assert!(read.try_collect::<Vec<_>>().await.is_err());
    }
}

//! Files in texts.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pombo_domain::media::{MediaContent, MediaFile};

/// Largest file that an event carries, in bytes: as text it is a third longer, and the log keeps it.
pub(crate) const LARGEST_IN_EVENT: u64 = 32 * 1024 * 1024;

/// The file in base64, without a data-URL prefix.
///
/// # Errors
/// When it is larger than `limit` bytes, or cannot be read.
pub async fn base64(file: &MediaFile, limit: u64) -> Result<String, String> {
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

use std::path::PathBuf;
use std::time::Duration;

use super::{env, reader::Reader};

/// Files on their way out and in. Source: `POMBO_FFMPEG*`, `POMBO_MEDIA_*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaConfig {
    /// A program or its name; `None` to do without.
    pub ffmpeg: Option<PathBuf>,
    /// For one call of it.
    pub ffmpeg_timeout: Duration,
    /// The largest file, in bytes.
    pub max_bytes: u64,
}

impl MediaConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let ffmpeg = reader.text(&env::POMBO_FFMPEG);
        Self {
            ffmpeg: (!ffmpeg.eq_ignore_ascii_case("off")).then(|| PathBuf::from(ffmpeg)),
            ffmpeg_timeout: Duration::from_secs(reader.integer(&env::POMBO_FFMPEG_TIMEOUT_SECONDS)),
            max_bytes: reader.integer(&env::POMBO_MEDIA_MAX_MB) * 1024 * 1024,
        }
    }
}

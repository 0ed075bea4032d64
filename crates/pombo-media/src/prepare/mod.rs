//! The door to this crate: what core calls.

mod audio;
mod document;
mod image;
mod names;
mod sticker;
mod video;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use pombo_domain::media::{LinkPreview, MediaContent, MediaFile, PreparedMedia, ProfilePicture};
use pombo_domain::message::{Media, MediaKind, MediaSource};
use pombo_net::OutboundClient;
use tracing::debug;

use crate::config::MediaConfig;
use crate::error::MediaError;
use crate::ffmpeg::{Ffmpeg, Search};
use crate::incoming::Incoming;
use crate::picture;
use crate::preview::Previewer;
use crate::reader::MediaReader;
use crate::source::{Loader, SourceFile};
use crate::spool::{Limits, Scratch};
use crate::workers::Workers;

/// What the client said about a file. Both count more than what the file itself shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wishes {
    /// The type.
    pub mimetype: Option<String>,
    /// The name.
    pub file_name: Option<String>,
}

/// Prepares files for sending. A clone is cheap and shares the workers.
///
/// Errors are the sender's to read ([`MediaError`]); nothing is left behind on the disk, whatever happens.
#[derive(Debug, Clone)]
pub struct Preparer {
    loader: Loader,
    previewer: Previewer,
    workers: Workers,
    ffmpeg: Arc<Search>,
    config: MediaConfig,
}

impl Preparer {
    /// `client` decides which addresses may be fetched; without `ffmpeg` what needs it is refused.
    #[must_use]
    pub fn new(config: MediaConfig, client: OutboundClient, ffmpeg: Option<Ffmpeg>) -> Self {
        Self::with(config, client, Search::ended(ffmpeg))
    }

    /// Looks for ffmpeg ([`Ffmpeg::find`]) once it is needed, or at the first call of [`Preparer::ffmpeg`].
    #[must_use]
    pub fn looking_for(
        program: PathBuf,
        limit: Duration,
        config: MediaConfig,
        client: OutboundClient,
    ) -> Self {
        Self::with(config, client, Search::of(program, limit))
    }

    fn with(config: MediaConfig, client: OutboundClient, ffmpeg: Search) -> Self {
        let workers = Workers::new();
        Self {
            loader: Loader::new(client.clone(), config.clone(), workers.clone()),
            previewer: Previewer::new(client, config.clone(), workers.clone()),
            workers,
            ffmpeg: Arc::new(ffmpeg),
            config,
        }
    }

    /// The ffmpeg that is used, after looking for it.
    pub async fn ffmpeg(&self) -> Option<&Ffmpeg> {
        self.ffmpeg.result().await
    }

    /// Takes a file in that arrives in pieces.
    #[must_use]
    pub fn incoming(&self) -> Incoming {
        Incoming::new(&self.config)
    }

    /// Fetches or decodes a file, and looks at its first bytes.
    pub async fn load(&self, source: MediaSource) -> Result<SourceFile, MediaError> {
        self.loader.load(source).await
    }

    /// `sendMedia`: loads and prepares whatever kind it is.
    pub async fn media(&self, media: Media) -> Result<PreparedMedia, MediaError> {
        let Media {
            kind,
            source,
            mimetype,
            caption: _,
            file_name,
        } = media;
        let source = self.load(source).await?;
        let wishes = Wishes {
            mimetype,
            file_name,
        };
        match kind {
            MediaKind::Image => self.image(source, wishes).await,
            MediaKind::Video => self.video(source, wishes).await,
            MediaKind::Audio => self.audio(source, wishes).await,
            MediaKind::Document => self.document(source, wishes).await,
        }
    }

    /// The square JPEGs of a profile or group picture.
    pub async fn profile_picture(&self, source: MediaSource) -> Result<ProfilePicture, MediaError> {
        let source = self.load(source).await?;
        let file = self.decodable(&source).await?;
        let max_pixels = self.config.max_pixels;
        self.workers
            .run(move || picture::profile_picture(&file, max_pixels))
            .await
    }

    /// What is shown below `text` when it has a link; in bounded time, and `None` for whatever goes wrong.
    pub async fn link_preview(&self, text: &str) -> Option<LinkPreview> {
        self.previewer.preview(text).await
    }

    /// Sound as AAC in MP4, for those who cannot play Opus (`convertToMp4`).
    pub async fn to_mp4(&self, sound: &MediaFile) -> Result<MediaFile, MediaError> {
        const AAC: &[&str] = &[
            "-vn",
            "-c:a",
            "aac",
            "-b:a",
            "128k",
            "-movflags",
            "+faststart",
            "-f",
            "mp4",
        ];
        self.converted(sound, "convert sound to MP4", AAC, "mp4")
            .await
    }

    /// What ffmpeg makes of `file`.
    async fn converted(
        &self,
        file: &MediaFile,
        purpose: &'static str,
        arguments: &[&str],
        extension: &'static str,
    ) -> Result<MediaFile, MediaError> {
        let ffmpeg = self
            .ffmpeg()
            .await
            .ok_or(MediaError::NeedsFfmpeg { purpose })?;
        let (path, input) = self.on_disk(file).await?;
        let limits = Limits::from(&self.config);
        // A small file can be a very long sound.
        let most = limits.max_bytes.to_string();
        let result = self
            .workers
            .run(move || Scratch::new(limits, extension))
            .await?;
        let arguments = arguments.iter().copied().chain(["-fs", most.as_str()]);
        ffmpeg.convert(&path, arguments, result.path()).await?;
        drop(input);
        self.workers.run(move || result.finish()).await
    }

    /// A path to `file`, and what keeps it.
    async fn on_disk(&self, file: &MediaFile) -> Result<(PathBuf, MediaFile), MediaError> {
        if let MediaContent::Disk(path) = file.content() {
            return Ok((path.to_owned(), file.clone()));
        }
        let limits = Limits {
            memory_bytes: 0,
            ..Limits::from(&self.config)
        };
        let file = file.clone();
        let written = self
            .workers
            .run(move || {
                let mut scratch = Scratch::new(limits, "")?;
                std::io::copy(&mut MediaReader::open(&file)?, scratch.file())?;
                scratch.finish()
            })
            .await?;
        match written.content() {
            MediaContent::Disk(path) => Ok((path.to_owned(), written)),
            MediaContent::Memory(_) => Err(MediaError::Empty),
        }
    }

    /// How long it is, asked of ffmpeg where it is; not knowing is no error.
    async fn probed(&self, file: &MediaFile) -> Option<Duration> {
        let ffmpeg = self.ffmpeg().await?;
        let found = async {
            let (path, _kept) = self.on_disk(file).await?;
            ffmpeg.duration(&path).await
        };
        found
            .await
            .inspect_err(|error| debug!(%error, "the length of a file is not known"))
            .ok()
            .flatten()
    }
}

/// Rounded, and never nothing.
fn whole_seconds(duration: Duration) -> u32 {
    // Longer than a century is not representable, and not a message.
    duration
        .as_secs_f64()
        .round()
        .clamp(1.0, f64::from(u32::MAX)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_rounded() {
        for (milliseconds, seconds) in [(0, 1), (300, 1), (1499, 1), (1500, 2), (2040, 2)] {
            assert_eq!(whole_seconds(Duration::from_millis(milliseconds)), seconds);
        }
        assert_eq!(whole_seconds(Duration::MAX), u32::MAX);
    }
}

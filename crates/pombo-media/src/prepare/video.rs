use bytes::Bytes;
use pombo_domain::media::{MediaFile, PreparedMedia};
use tracing::debug;

use super::names::wanted_or_default;
use super::{Preparer, Wishes, whole_seconds};
use crate::error::MediaError;
use crate::mime;
use crate::mp4::{self, Mp4Facts};
use crate::picture;
use crate::source::SourceFile;

const MP4: &str = "video/mp4";

impl Preparer {
    /// A film, unchanged, with its length and size as far as they can be read; with ffmpeg also a thumbnail.
    pub async fn video(
        &self,
        source: SourceFile,
        wishes: Wishes,
    ) -> Result<PreparedMedia, MediaError> {
        let said = source.mimetype(wishes.mimetype.as_deref(), wishes.file_name.as_deref());
        let mimetype = if mime::essence(&said).starts_with("video/") {
            said
        } else {
            MP4.to_owned()
        };
        let name = wanted_or_default(wishes.file_name.as_deref(), "video", &mimetype);
        let mut prepared = self.film(source.file, mimetype).await?;
        prepared.file_name = Some(name);
        Ok(prepared)
    }

    /// A round film. Clients do not show one whose length they are not told.
    pub async fn ptv(&self, source: SourceFile) -> Result<PreparedMedia, MediaError> {
        let prepared = self.film(source.file, MP4.to_owned()).await?;
        match prepared.seconds {
            Some(_) => Ok(prepared),
            None => Err(MediaError::NoDuration),
        }
    }

    async fn film(&self, file: MediaFile, mimetype: String) -> Result<PreparedMedia, MediaError> {
        let facts = self.workers.run({
            let file = file.clone();
            move || mp4::facts(&file)
        });
        let Mp4Facts { duration, size } = facts.await?.unwrap_or_default();
        let duration = match duration {
            Some(duration) => Some(duration),
            None => self.probed(&file).await,
        };
        let frame = self.first_frame(&file).await;
        let size = size.or(frame.as_ref().map(|(_, size)| *size));

        let mut prepared = PreparedMedia::new(file, mimetype);
        prepared.seconds = duration.map(whole_seconds);
        prepared.width = size.map(|(width, _)| width);
        prepared.height = size.map(|(_, height)| height);
        prepared.thumbnail = frame.map(|(thumbnail, _)| thumbnail);
        Ok(prepared)
    }

    /// A thumbnail and the size of the film; without ffmpeg, or when it cannot read the film, there is none.
    async fn first_frame(&self, file: &MediaFile) -> Option<(Bytes, (u32, u32))> {
        const ONE_FRAME: &[&str] = &[
            "-frames:v",
            "1",
            "-c:v",
            "mjpeg",
            "-q:v",
            "3",
            "-f",
            "image2",
        ];
        self.ffmpeg().await?;
        let max_pixels = self.config.max_pixels;
        let described = async {
            let purpose = "make a thumbnail of a film";
            let frame = self.converted(file, purpose, ONE_FRAME, "jpg").await?;
            self.workers
                .run(move || picture::describe(&frame, max_pixels))
                .await
        };
        let described = described
            .await
            .inspect_err(|error| debug!(%error, "a film has no thumbnail"))
            .ok()?;
        let size = (described.width, described.height);
        Some((described.thumbnail.into(), size))
    }
}

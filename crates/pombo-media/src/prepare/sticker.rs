use pombo_domain::media::{MediaFile, PreparedMedia};

use super::Preparer;
use crate::error::MediaError;
use crate::source::SourceFile;
use crate::sticker::{self, Facts};

impl Preparer {
    /// A sticker of a picture, an animation or a film.
    pub async fn sticker(&self, source: SourceFile) -> Result<PreparedMedia, MediaError> {
        let (file, facts) = if source
            .sniffed
            .is_some_and(|kind| kind.starts_with("video/"))
        {
            self.of_film(&source.file).await?
        } else {
            let file = self.decodable(&source).await?;
            let max_pixels = self.config.max_pixels;
            self.workers
                .run(move || sticker::convert(&file, max_pixels))
                .await?
        };
        Ok(described(file, facts))
    }

    /// A sticker that the sender has finished (`notConvertSticker`): WebP, sent as it is.
    pub async fn finished_sticker(&self, source: SourceFile) -> Result<PreparedMedia, MediaError> {
        let facts = self.workers.run({
            let file = source.file.clone();
            move || sticker::describe_finished(&file)
        });
        let facts = facts.await?;
        Ok(described(source.file, facts))
    }

    async fn of_film(&self, film: &MediaFile) -> Result<(MediaFile, Facts), MediaError> {
        let side = sticker::SIDE;
        let seconds = sticker::LONGEST_SECONDS.to_string();
        let filter = format!(
            "fps={},format=rgba,scale={side}:{side}:force_original_aspect_ratio=decrease,\
             pad={side}:{side}:(ow-iw)/2:(oh-ih)/2:color=black@0",
            sticker::RAW_PER_SECOND
        );
        let arguments = [
            "-t",
            seconds.as_str(),
            "-an",
            "-vf",
            filter.as_str(),
            "-pix_fmt",
            "rgba",
            "-f",
            "rawvideo",
        ];
        let purpose = "make a sticker of a film";
        let frames = self.converted(film, purpose, &arguments, "raw").await?;
        self.workers
            .run(move || sticker::convert_raw(&frames))
            .await
    }
}

fn described(file: MediaFile, facts: Facts) -> PreparedMedia {
    let mut prepared = PreparedMedia::new(file, "image/webp");
    prepared.width = Some(facts.width);
    prepared.height = Some(facts.height);
    prepared.is_animated = facts.is_animated;
    prepared
}

use pombo_domain::media::{MediaFile, PreparedMedia};

use super::names::{renamed, wanted_or_default};
use super::{Preparer, Wishes};
use crate::error::MediaError;
use crate::mime;
use crate::picture::{self, Described};
use crate::source::SourceFile;

const JPEG: &str = "image/jpeg";

impl Preparer {
    /// A picture: in its own format where clients can show it, with its size and a thumbnail.
    pub async fn image(
        &self,
        source: SourceFile,
        wishes: Wishes,
    ) -> Result<PreparedMedia, MediaError> {
        let file = self.decodable(&source).await?;
        let converted = !same(&file, &source.file);
        let max_pixels = self.config.max_pixels;
        let described = self.workers.run({
            let file = file.clone();
            move || picture::describe(&file, max_pixels)
        });
        let Described {
            width,
            height,
            thumbnail,
            format,
            has_new_format,
            replacement,
        } = described.await?;

        let said = source.mimetype(wishes.mimetype.as_deref(), wishes.file_name.as_deref());
        let mut mimetype = if mime::essence(&said).starts_with("image/") {
            said
        } else {
            format.to_owned()
        };
        let mut name = wanted_or_default(wishes.file_name.as_deref(), "image", &mimetype);
        if converted || has_new_format {
            JPEG.clone_into(&mut mimetype);
            name = renamed(&name, JPEG);
        }
        let file = replacement.map_or(file, MediaFile::in_memory);
        let mut prepared = PreparedMedia::new(file, mimetype);
        prepared.file_name = Some(name);
        prepared.width = Some(width);
        prepared.height = Some(height);
        prepared.thumbnail = Some(thumbnail.into());
        Ok(prepared)
    }

    /// The file itself, or a JPEG of it where only ffmpeg can read the picture.
    pub(super) async fn decodable(&self, source: &SourceFile) -> Result<MediaFile, MediaError> {
        const ONE_FRAME: &[&str] = &[
            "-frames:v",
            "1",
            "-c:v",
            "mjpeg",
            "-q:v",
            "2",
            "-f",
            "image2",
        ];
        match source.sniffed {
            Some(
                "image/heif" | "image/heic" | "image/avif" | "image/tiff" | "image/jxl"
                | "image/jp2",
            ) => {
                self.converted(&source.file, "read this kind of picture", ONE_FRAME, "jpg")
                    .await
            }
            _ => Ok(source.file.clone()),
        }
    }
}

fn same(one: &MediaFile, other: &MediaFile) -> bool {
    one.content() == other.content()
}

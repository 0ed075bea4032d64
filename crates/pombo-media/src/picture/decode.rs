use std::io::{BufRead, Seek};

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};
use pombo_domain::media::MediaFile;

use crate::error::MediaError;
use crate::reader::MediaReader;

/// A picture in memory, turned as it is shown.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) image: DynamicImage,
    pub(crate) format: ImageFormat,
    /// How it had to be turned.
    pub(crate) orientation: Orientation,
}

/// The size is checked before the pixels are. Of an animation it is the first frame.
pub(crate) fn decode(file: &MediaFile, max_pixels: u64) -> Result<Decoded, MediaError> {
    decode_reader(MediaReader::open(file)?, max_pixels)
}

fn decode_reader(reader: impl BufRead + Seek, max_pixels: u64) -> Result<Decoded, MediaError> {
    let mut reader = ImageReader::new(reader).with_guessed_format()?;
    let format = reader
        .format()
        .ok_or_else(|| MediaError::Image("its format is not known".to_owned()))?;
    let mut limits = Limits::default();
    // 16 bits for each of four channels, and as much again for the decoder's own use.
    limits.max_alloc = Some(max_pixels.saturating_mul(16).max(1024 * 1024));
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(unreadable)?;
    let (width, height) = decoder.dimensions();
    check_pixels(width, height, max_pixels)?;
    let orientation = decoder.orientation().map_err(unreadable)?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
    image.apply_orientation(orientation);
    Ok(Decoded {
        image,
        format,
        orientation,
    })
}

pub(crate) fn check_pixels(width: u32, height: u32, limit: u64) -> Result<(), MediaError> {
    if u64::from(width) * u64::from(height) > limit {
        return Err(MediaError::TooManyPixels {
            width,
            height,
            limit,
        });
    }
    Ok(())
}

pub(crate) fn unreadable(error: ImageError) -> MediaError {
    match error {
        ImageError::Unsupported(_) => MediaError::Image("its format is not known".to_owned()),
        error => MediaError::Image(error.to_string()),
    }
}

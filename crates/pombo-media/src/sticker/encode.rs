use image::imageops::FilterType;
use image::{DynamicImage, ImageFormat, RgbaImage};
use pombo_domain::media::MediaFile;
use webp_rust::{ImageBuffer, LossyEncodingConfig};

use super::animation::animated;
use super::container::{Facts, facts};
use super::{SIDE, STILL_BYTES, frames};
use crate::error::MediaError;
use crate::picture::decode;
use crate::reader::MediaReader;

/// The largest sticker that is looked at; what is larger is no sticker.
const LARGEST: u64 = 32 * 1024 * 1024;

/// How good the pictures are, the first that is small enough.
const QUALITIES: [f32; 4] = [85.0, 70.0, 50.0, 30.0];

/// What a finished sticker says about itself. It must be WebP.
pub(crate) fn describe_finished(file: &MediaFile) -> Result<Facts, MediaError> {
    facts(&small(file)?).ok_or(MediaError::NotWebp)
}

/// A sticker of whatever picture or animation it is. May block for long: for the workers only.
///
/// A WebP that is a sticker already, and any animated WebP, stays as it is.
pub(crate) fn convert(file: &MediaFile, max_pixels: u64) -> Result<(MediaFile, Facts), MediaError> {
    match image::guess_format(&MediaReader::head(file, 16)?) {
        Ok(ImageFormat::WebP) => {
            let facts = describe_finished(file)?;
            if facts.is_animated || (facts.width == SIDE && facts.height == SIDE) {
                return Ok((file.clone(), facts));
            }
        }
        Ok(ImageFormat::Gif) if frames::of_gif(file, max_pixels)?.take(2).count() > 1 => {
            return finished(animated(|| frames::of_gif(file, max_pixels))?);
        }
        _ => {}
    }
    let canvas = on_canvas(&decode(file, max_pixels)?.image);
    finished(still(&canvas)?)
}

/// A sticker of the frames that ffmpeg wrote.
pub(crate) fn convert_raw(file: &MediaFile) -> Result<(MediaFile, Facts), MediaError> {
    finished(animated(|| frames::of_raw(file))?)
}

/// In the middle of nothing, as large as it fits.
pub(super) fn on_canvas(image: &DynamicImage) -> RgbaImage {
    let fitted = image
        .resize(SIDE, SIDE, FilterType::CatmullRom)
        .into_rgba8();
    if fitted.dimensions() == (SIDE, SIDE) {
        return fitted;
    }
    let mut canvas = RgbaImage::new(SIDE, SIDE);
    let left = (SIDE - fitted.width()) / 2;
    let top = (SIDE - fitted.height()) / 2;
    let row_of = |width: u32| width as usize * 4;
    let rows = canvas.chunks_exact_mut(row_of(SIDE)).skip(top as usize);
    for (row, part) in rows.zip(fitted.chunks_exact(row_of(fitted.width()))) {
        row[row_of(left)..][..part.len()].copy_from_slice(part);
    }
    canvas
}

/// Without loss if that is small enough, as for drawings; else as good as fits.
fn still(canvas: &RgbaImage) -> Result<Vec<u8>, MediaError> {
    let mut lossless = std::io::Cursor::new(Vec::new());
    canvas
        .write_to(&mut lossless, ImageFormat::WebP)
        .map_err(crate::picture::unreadable)?;
    let mut best = lossless.into_inner();
    for quality in QUALITIES {
        if best.len() <= STILL_BYTES {
            break;
        }
        let encoded = lossy(canvas.clone(), quality, THOROUGH)?;
        if encoded.len() < best.len() {
            best = encoded;
        }
    }
    Ok(best)
}

/// How long the encoder looks for a smaller result: for one picture.
const THOROUGH: u8 = 4;

pub(super) fn lossy(canvas: RgbaImage, quality: f32, method: u8) -> Result<Vec<u8>, MediaError> {
    let image = ImageBuffer {
        width: canvas.width() as usize,
        height: canvas.height() as usize,
        rgba: canvas.into_raw(),
    };
    let config = LossyEncodingConfig {
        quality,
        method,
        ..LossyEncodingConfig::default()
    };
    webp_rust::encode_lossy_with_config(&image, &config, None)
        .map_err(|error| MediaError::Image(error.to_string()))
}

fn finished(webp: Vec<u8>) -> Result<(MediaFile, Facts), MediaError> {
    let facts = facts(&webp).ok_or(MediaError::Stumbled)?;
    Ok((MediaFile::in_memory(webp), facts))
}

fn small(file: &MediaFile) -> Result<bytes::Bytes, MediaError> {
    if file.len() > LARGEST {
        return Err(MediaError::TooLarge { limit: LARGEST });
    }
    Ok(MediaReader::all(file)?)
}

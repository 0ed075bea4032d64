use std::io::{ErrorKind, Read};

use image::codecs::gif::GifDecoder;
use image::{AnimationDecoder, ImageDecoder, RgbaImage};
use pombo_domain::media::MediaFile;

use super::SIDE;
use crate::error::MediaError;
use crate::picture::{check_pixels, unreadable};
use crate::reader::MediaReader;

/// How many frames of a film are used for each second.
pub(crate) const RAW_PER_SECOND: u32 = 12;

/// The largest animation: each of its frames is decoded whole, and there may be hundreds.
const LARGEST_ANIMATION: u64 = 4_000_000;

/// A picture of an animation, whole, and for how many milliseconds it is shown.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) image: RgbaImage,
    pub(super) milliseconds: u32,
}

/// The frames of a GIF, one after the other; never all of them in memory.
pub(super) fn of_gif(
    file: &MediaFile,
    max_pixels: u64,
) -> Result<impl Iterator<Item = Result<Frame, MediaError>> + use<>, MediaError> {
    let decoder = GifDecoder::new(MediaReader::open(file)?).map_err(unreadable)?;
    let (width, height) = decoder.dimensions();
    check_pixels(width, height, max_pixels.min(LARGEST_ANIMATION))?;
    Ok(decoder.into_frames().map(|frame| {
        let frame = frame.map_err(unreadable)?;
        let (numerator, denominator) = frame.delay().numer_denom_ms();
        let milliseconds = numerator / denominator.max(1);
        Ok(Frame {
            // Browsers show what has no time of its own for a tenth of a second.
            milliseconds: if milliseconds <= 10 {
                100
            } else {
                milliseconds
            },
            image: frame.into_buffer(),
        })
    }))
}

/// Frames as ffmpeg writes them: sticker-sized RGBA, one behind the other.
pub(super) fn of_raw(
    file: &MediaFile,
) -> Result<impl Iterator<Item = Result<Frame, MediaError>> + use<>, MediaError> {
    let mut reader = MediaReader::open(file)?;
    Ok(std::iter::from_fn(move || {
        let mut pixels = vec![0; (SIDE * SIDE * 4) as usize];
        match reader.read_exact(&mut pixels) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return None,
            Err(error) => return Some(Err(error.into())),
        }
        let image = RgbaImage::from_raw(SIDE, SIDE, pixels)?;
        Some(Ok(Frame {
            image,
            milliseconds: 1000 / RAW_PER_SECOND,
        }))
    }))
}

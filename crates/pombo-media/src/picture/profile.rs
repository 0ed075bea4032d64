use image::imageops::FilterType;
use pombo_domain::media::{MediaFile, ProfilePicture};

use super::decode::decode;
use super::jpeg::encode;
use crate::error::MediaError;

/// The side that WhatsApp keeps of a profile picture.
const SIDE: u32 = 640;

/// The side of the picture in lists.
const PREVIEW_SIDE: u32 = 96;

const QUALITY: u8 = 85;

/// The square in the middle, scaled down; a small picture does not grow. May block for long: for the workers only.
pub(crate) fn profile_picture(
    file: &MediaFile,
    max_pixels: u64,
) -> Result<ProfilePicture, MediaError> {
    let image = decode(file, max_pixels)?.image;
    let side = image.width().min(image.height());
    let (left, top) = ((image.width() - side) / 2, (image.height() - side) / 2);
    let square = image.crop_imm(left, top, side, side);
    let full = if side > SIDE {
        square.resize_exact(SIDE, SIDE, FilterType::CatmullRom)
    } else {
        square
    };
    let preview = full.resize_exact(PREVIEW_SIDE, PREVIEW_SIDE, FilterType::CatmullRom);
    Ok(ProfilePicture {
        image: encode(&full, QUALITY)?.into(),
        preview: encode(&preview, QUALITY)?.into(),
    })
}

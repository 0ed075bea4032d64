use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, GenericImageView, Rgb, RgbImage};

use super::decode::unreadable;
use crate::error::MediaError;

/// How good a thumbnail is: blurred and tiny as it is shown, it need not be better.
const THUMBNAIL_QUALITY: u8 = 60;

/// A JPEG whose longer side has at most `side` pixels.
pub(crate) fn thumbnail(image: &DynamicImage, side: u32) -> Result<Vec<u8>, MediaError> {
    if image.width() <= side && image.height() <= side {
        return encode(image, THUMBNAIL_QUALITY);
    }
    encode(&image.thumbnail(side, side), THUMBNAIL_QUALITY)
}

/// A JPEG; what is transparent becomes white.
pub(crate) fn encode(image: &DynamicImage, quality: u8) -> Result<Vec<u8>, MediaError> {
    let mut bytes = Vec::new();
    let pixels = on_white(image);
    JpegEncoder::new_with_quality(&mut bytes, quality)
        .encode_image(&pixels)
        .map_err(unreadable)?;
    Ok(bytes)
}

fn on_white(image: &DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.to_rgb8();
    }
    RgbImage::from_fn(image.width(), image.height(), |x, y| {
        let pixel = image.get_pixel(x, y).0;
        let alpha = u32::from(pixel[3]);
        let over = |value: u8| {
            // At most 255, since it is a mean of two such values.
            ((u32::from(value) * alpha + 255 * (255 - alpha)) / 255) as u8
        };
        Rgb([over(pixel[0]), over(pixel[1]), over(pixel[2])])
    })
}

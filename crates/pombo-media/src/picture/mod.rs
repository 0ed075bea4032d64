//! Pictures: their size, small copies, profile pictures.
//!
//! The picture itself is sent as it came, so that transparency and quality are kept. Only what WhatsApp's clients cannot show
//! becomes a JPEG, and what was photographed sideways is described as it is shown.

mod decode;
mod jpeg;
mod metadata;
mod profile;

pub(crate) use decode::{Decoded, check_pixels, decode, unreadable};
pub(crate) use jpeg::{encode as encode_jpeg, thumbnail};
pub(crate) use profile::profile_picture;

use image::ImageFormat;
use pombo_domain::media::MediaFile;

use crate::error::MediaError;
use crate::reader::MediaReader;

/// The longest side of a thumbnail in a message, as WhatsApp Web makes it.
pub(crate) const THUMBNAIL_SIDE: u32 = 72;

/// How good a JPEG is that takes a picture's place.
const REPLACEMENT_QUALITY: u8 = 90;

/// In larger files metadata is not looked for: that is done in memory.
const SEARCHED_BYTES: u64 = 16 * 1024 * 1024;

/// What a message says about a picture.
#[derive(Debug)]
pub(crate) struct Described {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) thumbnail: Vec<u8>,
    /// What is sent in the end.
    pub(crate) format: &'static str,
    pub(crate) has_new_format: bool,
    /// To be sent instead: without what it said about its maker, or a JPEG where clients cannot show its own format.
    pub(crate) replacement: Option<Vec<u8>>,
}

/// Reads the picture. May block for long: for the workers only.
pub(crate) fn describe(file: &MediaFile, max_pixels: u64) -> Result<Described, MediaError> {
    let Decoded {
        image,
        format,
        orientation,
    } = decode(file, max_pixels)?;
    let shown_by_clients = matches!(
        format,
        ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP | ImageFormat::Gif
    );
    let replacement = if !shown_by_clients {
        Some(encode_jpeg(&image, REPLACEMENT_QUALITY)?)
    } else if file.len() <= SEARCHED_BYTES {
        metadata::removed(&MediaReader::all(file)?, format, orientation)
    } else {
        None
    };
    Ok(Described {
        width: image.width(),
        height: image.height(),
        thumbnail: thumbnail(&image, THUMBNAIL_SIDE)?,
        format: if shown_by_clients {
            format.to_mime_type()
        } else {
            ImageFormat::Jpeg.to_mime_type()
        },
        has_new_format: !shown_by_clients,
        replacement,
    })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::{DynamicImage, Rgba, RgbaImage};

    use super::*;

    fn encoded(image: RgbaImage, format: ImageFormat) -> MediaFile {
        let mut bytes = Cursor::new(Vec::new());
        let image = DynamicImage::ImageRgba8(image);
        let image = match format {
            ImageFormat::Jpeg => image.into_rgb8().into(),
            _ => image,
        };
        image.write_to(&mut bytes, format).unwrap();
        MediaFile::in_memory(bytes.into_inner())
    }

    fn red(width: u32, height: u32) -> RgbaImage {
        RgbaImage::from_pixel(width, height, Rgba([255, 0, 0, 255]))
    }

    /// A JPEG whose first half is red and second blue, and which is to be shown turned by a quarter.
    fn sideways() -> MediaFile {
        let image = RgbaImage::from_fn(80, 40, |x, _| {
            if x < 40 {
                Rgba([255, 0, 0, 255])
            } else {
                Rgba([0, 0, 255, 255])
            }
        });
        let file = encoded(image, ImageFormat::Jpeg);
        let plain = MediaReader::all(&file).unwrap();
        // After the start of the image: an EXIF segment with one entry, orientation 6.
        let exif = b"\xff\xe1\0\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        let mut bytes = plain[..2].to_vec();
        bytes.extend_from_slice(exif);
        bytes.extend_from_slice(&plain[2..]);
        MediaFile::in_memory(bytes)
    }

    #[test]
    fn all_formats_are_described() {
        for format in [
            ImageFormat::Jpeg,
            ImageFormat::Png,
            ImageFormat::WebP,
            ImageFormat::Gif,
        ] {
            let described = describe(&encoded(red(300, 150), format), 1_000_000).unwrap();
            assert_eq!(
                (described.width, described.height),
                (300, 150),
                "{format:?}"
            );
            let thumbnail = image::load_from_memory(&described.thumbnail).unwrap();
            assert_eq!((thumbnail.width(), thumbnail.height()), (72, 36));
            assert!(described.replacement.is_none());
            assert!(described.thumbnail.starts_with(&[0xff, 0xd8]));
        }
    }

    #[test]
    fn what_clients_cannot_show_gets_a_replacement() {
        let described = describe(&encoded(red(30, 20), ImageFormat::Bmp), 1_000_000).unwrap();
        let replacement = image::load_from_memory(&described.replacement.unwrap()).unwrap();
        assert_eq!((replacement.width(), replacement.height()), (30, 20));
    }

    #[test]
    fn small_pictures_do_not_grow() {
        let described = describe(&encoded(red(10, 5), ImageFormat::Png), 1_000_000).unwrap();
        let thumbnail = image::load_from_memory(&described.thumbnail).unwrap();
        assert_eq!((thumbnail.width(), thumbnail.height()), (10, 5));
    }

    #[test]
    fn a_picture_taken_sideways_is_described_upright() {
        let described = describe(&sideways(), 1_000_000).unwrap();
        assert_eq!((described.width, described.height), (40, 80));
        let thumbnail = image::load_from_memory(&described.thumbnail)
            .unwrap()
            .into_rgb8();
        assert_eq!(thumbnail.dimensions(), (36, 72));
        let (top, bottom) = (thumbnail.get_pixel(18, 8), thumbnail.get_pixel(18, 64));
        assert!(top[0] > 200 && top[2] < 60, "{top:?}");
        assert!(bottom[2] > 200 && bottom[0] < 60, "{bottom:?}");
    }

    #[test]
    fn nothing_is_white_in_a_thumbnail() {
        let clear = RgbaImage::from_pixel(90, 90, Rgba([0, 0, 0, 0]));
        let described = describe(&encoded(clear, ImageFormat::Png), 1_000_000).unwrap();
        let thumbnail = image::load_from_memory(&described.thumbnail)
            .unwrap()
            .into_rgb8();
        assert!(
            thumbnail
                .get_pixel(36, 36)
                .0
                .iter()
                .all(|value| *value > 250)
        );
    }

    #[test]
    fn too_many_pixels_are_refused_before_they_are_decoded() {
        let error = describe(&encoded(red(101, 100), ImageFormat::Png), 10_000).unwrap_err();
        assert!(matches!(
            error,
            MediaError::TooManyPixels {
                width: 101,
                height: 100,
                limit: 10_000
            }
        ));
        // Sixty thousand by sixty thousand in a header, and nothing behind it.
        let file = encoded(red(4, 4), ImageFormat::Png);
        let mut bomb = MediaReader::all(&file).unwrap().to_vec();
        bomb[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
        let crc = crc32(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&crc.to_be_bytes());
        let error = describe(&MediaFile::in_memory(bomb), 64_000_000).unwrap_err();
        assert!(matches!(error, MediaError::TooManyPixels { .. }), "{error}");
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
            })
        })
    }

    #[test]
    fn damaged_and_foreign_files_are_no_pictures() {
        let whole = MediaReader::all(&encoded(red(50, 50), ImageFormat::Png)).unwrap();
        for bytes in [
            &whole[..whole.len() / 2],
            b"just words",
            b"\xff\xd8\xff\xe0",
        ] {
            let error = describe(&MediaFile::in_memory(bytes.to_vec()), 1_000_000).unwrap_err();
            assert!(matches!(error, MediaError::Image(_)), "{error}");
        }
    }

    #[test]
    fn profile_pictures_are_square_and_small() {
        for (width, height, side) in [
            (2000, 1000, 640),
            (500, 700, 500),
            (640, 640, 640),
            (20, 30, 20),
        ] {
            let file = encoded(red(width, height), ImageFormat::Png);
            let picture = profile_picture(&file, 10_000_000).unwrap();
            let image = image::load_from_memory(&picture.image).unwrap();
            assert_eq!((image.width(), image.height()), (side, side));
            let preview = image::load_from_memory(&picture.preview).unwrap();
            assert_eq!((preview.width(), preview.height()), (96, 96));
            assert!(
                picture.image.starts_with(&[0xff, 0xd8])
                    && picture.preview.starts_with(&[0xff, 0xd8])
            );
        }
    }

    #[test]
    fn the_middle_of_a_wide_picture_is_the_profile_picture() {
        let image = RgbaImage::from_fn(300, 100, |x, _| {
            if (100..200).contains(&x) {
                Rgba([0, 255, 0, 255])
            } else {
                Rgba([255, 0, 0, 255])
            }
        });
        let picture = profile_picture(&encoded(image, ImageFormat::Png), 1_000_000).unwrap();
        let image = image::load_from_memory(&picture.image).unwrap().into_rgb8();
        for x in [5, 50, 94] {
            let pixel = image.get_pixel(x, 50);
            assert!(pixel[1] > 200 && pixel[0] < 60, "{pixel:?}");
        }
    }
}

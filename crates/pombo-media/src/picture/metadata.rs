//! What pictures carry besides their pixels: where and with what they were taken. It does not travel with a message, as in
//! WhatsApp's own clients, and the pixels stay as they are.

use image::ImageFormat;
use image::metadata::Orientation;

const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The picture without it; `None` when there is nothing to be removed, or it cannot be done without harm.
pub(super) fn removed(
    bytes: &[u8],
    format: ImageFormat,
    orientation: Orientation,
) -> Option<Vec<u8>> {
    let upright = orientation == Orientation::NoTransforms;
    match format {
        ImageFormat::Jpeg => jpeg(bytes, orientation),
        // Turned ones are rare, and how they are turned stands in what would be removed.
        ImageFormat::Png if upright => png(bytes),
        ImageFormat::WebP if upright => webp(bytes),
        _ => None,
    }
}

/// Leaves out the segments of EXIF, XMP and IPTC. That it is to be shown turned is said in a new one.
/// Source: ISO/IEC 10918-1, annex B; Exif 2.32, section 4.
fn jpeg(bytes: &[u8], orientation: Orientation) -> Option<Vec<u8>> {
    const START: [u8; 2] = [0xff, 0xd8];
    const SCAN: u8 = 0xda;
    const APP1: u8 = 0xe1;
    const APP13: u8 = 0xed;

    let mut rest = bytes.strip_prefix(&START)?;
    let mut kept = START.to_vec();
    if orientation != Orientation::NoTransforms {
        kept.extend_from_slice(&turned(orientation));
    }
    let mut found = false;
    loop {
        let [0xff, marker, high, low] = *rest.first_chunk()? else {
            return None;
        };
        if marker == SCAN {
            kept.extend_from_slice(rest);
            return found.then_some(kept);
        }
        let length = 2 + usize::from(u16::from_be_bytes([high, low]));
        let segment = rest.get(..length)?;
        if matches!(marker, APP1 | APP13) {
            found = true;
        } else {
            kept.extend_from_slice(segment);
        }
        rest = rest.get(length..)?;
    }
}

/// A segment that says nothing but that.
fn turned(orientation: Orientation) -> Vec<u8> {
    let mut segment =
        b"\xff\xe1\0\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    segment.push(orientation.to_exif());
    segment.extend_from_slice(&[0; 6]);
    segment
}

/// Leaves out EXIF and texts. Source: W3C PNG, third edition.
fn png(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut rest = bytes.strip_prefix(PNG_SIGNATURE)?;
    let mut kept = PNG_SIGNATURE.to_vec();
    let mut found = false;
    while !rest.is_empty() {
        let length = u32::from_be_bytes(*rest.first_chunk()?) as usize;
        let whole = length.checked_add(12)?;
        let chunk = rest.get(..whole)?;
        if matches!(chunk.get(4..8)?, b"eXIf" | b"tEXt" | b"zTXt" | b"iTXt") {
            found = true;
        } else {
            kept.extend_from_slice(chunk);
        }
        rest = rest.get(whole..)?;
    }
    found.then_some(kept)
}

/// Leaves out EXIF and XMP, and the header's word that they are there. Source: RFC 9649.
fn webp(bytes: &[u8]) -> Option<Vec<u8>> {
    const EXIF_AND_XMP: u8 = 0b1100;
    if bytes.get(..4)? != b"RIFF" || bytes.get(8..12)? != b"WEBP" {
        return None;
    }
    let mut rest = bytes.get(12..)?;
    let mut kept = bytes.get(..12)?.to_vec();
    let mut found = false;
    while rest.len() >= 8 {
        let length = u32::from_le_bytes(*rest.get(4..)?.first_chunk()?) as usize;
        let whole = 8usize.checked_add(length)?.checked_add(length % 2)?;
        // The last one may lack its padding.
        let chunk = rest.get(..whole.min(rest.len()))?;
        match chunk.get(..4)? {
            b"EXIF" | b"XMP " => found = true,
            b"VP8X" => {
                let start = kept.len();
                kept.extend_from_slice(chunk);
                *kept.get_mut(start + 8)? &= !EXIF_AND_XMP;
            }
            _ => kept.extend_from_slice(chunk),
        }
        rest = rest.get(chunk.len()..)?;
    }
    let length = u32::try_from(kept.len() - 8).ok()?;
    kept.get_mut(4..8)?.copy_from_slice(&length.to_le_bytes());
    found.then_some(kept)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::codecs::jpeg::JpegEncoder;
    use image::codecs::png::PngEncoder;
    use image::codecs::webp::WebPEncoder;
    use image::{ImageDecoder, ImageEncoder, ImageReader, Rgb, RgbImage};

    use super::*;

    /// A file that says that it was taken at a secret place, and is to be shown turned.
    fn secret(format: ImageFormat, orientation: Orientation) -> Vec<u8> {
        let image = RgbImage::from_fn(40, 20, |x, y| Rgb([(x * 6) as u8, (y * 12) as u8, 9]));
        let mut exif = turned(orientation)[10..].to_vec();
        exif.extend_from_slice(b"secret place");
        let mut bytes = Vec::new();
        let (width, height) = image.dimensions();
        let color = image::ExtendedColorType::Rgb8;
        match format {
            ImageFormat::Jpeg => {
                let mut encoder = JpegEncoder::new(&mut bytes);
                encoder.set_exif_metadata(exif).unwrap();
                encoder.write_image(&image, width, height, color).unwrap();
            }
            ImageFormat::Png => {
                let mut encoder = PngEncoder::new(&mut bytes);
                encoder.set_exif_metadata(exif).unwrap();
                encoder.write_image(&image, width, height, color).unwrap();
            }
            _ => {
                let mut encoder = WebPEncoder::new_lossless(&mut bytes);
                encoder.set_exif_metadata(exif).unwrap();
                encoder.write_image(&image, width, height, color).unwrap();
            }
        }
        bytes
    }

    fn orientation(bytes: &[u8]) -> Orientation {
        let reader = ImageReader::new(Cursor::new(bytes))
            .with_guessed_format()
            .unwrap();
        reader.into_decoder().unwrap().orientation().unwrap()
    }

    fn tells(bytes: &[u8]) -> bool {
        bytes.windows(12).any(|window| window == b"secret place")
    }

    #[test]
    fn the_place_is_removed_and_the_pixels_stay() {
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
            let before = secret(format, Orientation::NoTransforms);
            assert!(tells(&before));
            let after = removed(&before, format, Orientation::NoTransforms).unwrap();
            assert!(!tells(&after), "{format:?}");
            let pixels = |bytes: &[u8]| image::load_from_memory(bytes).unwrap().into_rgb8();
            assert_eq!(pixels(&before), pixels(&after), "{format:?}");
            assert_eq!(removed(&after, format, Orientation::NoTransforms), None);
        }
    }

    #[test]
    fn a_turned_photograph_stays_turned() {
        for turn in [
            Orientation::Rotate90,
            Orientation::Rotate180,
            Orientation::FlipHorizontal,
        ] {
            let before = secret(ImageFormat::Jpeg, turn);
            assert_eq!(orientation(&before), turn);
            let after = removed(&before, ImageFormat::Jpeg, turn).unwrap();
            assert!(!tells(&after));
            assert_eq!(orientation(&after), turn);
        }
    }

    #[test]
    fn broken_files_stay_as_they_are() {
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
            let whole = secret(format, Orientation::NoTransforms);
            for length in 0..whole.len() {
                removed(&whole[..length], format, Orientation::NoTransforms);
            }
            assert_eq!(removed(b"words", format, Orientation::NoTransforms), None);
        }
    }
}

//! QR codes as pictures.

use std::io::Cursor;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use qrcode::{Color, EcLevel, QrCode};

/// Pixels per module.
const SCALE: usize = 4;
/// Light modules around the code.
const MARGIN: usize = 3;
/// What the original draws with.
const USUAL: Rgb<u8> = Rgb([0x19, 0x87, 0x54]);

/// A text as a QR code: a PNG in a data URL, error correction H, margin 3, scale 4, as the original draws it. `color` is
/// `#rgb` or `#rrggbb`. `None` when the text is too long for a QR code.
#[must_use]
pub fn qr_code(text: &str, color: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::H).ok()?;
    let dark = rgb(color).unwrap_or(USUAL);
    let width = code.width();
    let modules = code.into_colors();
    let side = u32::try_from((width + 2 * MARGIN) * SCALE).ok()?;
    let picture = RgbImage::from_fn(side, side, |x, y| {
        let module = |pixel: u32| {
            (pixel as usize / SCALE)
                .checked_sub(MARGIN)
                .filter(|at| *at < width)
        };
        let at = module(x).zip(module(y)).map(|(x, y)| y * width + x);
        match at.and_then(|at| modules.get(at)) {
            Some(Color::Dark) => dark,
            Some(Color::Light) | None => Rgb([0xff; 3]),
        }
    });
    let mut png = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(picture)
        .write_to(&mut png, ImageFormat::Png)
        .ok()?;
    Some(format!(
        "data:image/png;base64,{}",
        STANDARD.encode(png.into_inner())
    ))
}

fn rgb(color: &str) -> Option<Rgb<u8>> {
    let digits: Vec<u8> = color
        .trim()
        .strip_prefix('#')?
        .chars()
        .map(|digit| {
            digit
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        })
        .collect::<Option<_>>()?;
    match digits[..] {
        [r, g, b] => Some(Rgb([r * 17, g * 17, b * 17])),
        [r, rr, g, gg, b, bb, ..] => Some(Rgb([r * 16 + rr, g * 16 + gg, b * 16 + bb])),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_has_the_size_and_the_color_of_the_original() {
        // A linking code of usual length: 237 bytes need version 16 at level H (250 at most), which has 81 modules.
        let url = qr_code(&format!("2@{}", "a".repeat(235)), "#123").expect("a picture");
        let png = STANDARD
            .decode(
                url.strip_prefix("data:image/png;base64,")
                    .expect("a data URL"),
            )
            .expect("base64");
        let picture = image::load_from_memory(&png).expect("a PNG").to_rgb8();
        assert_eq!(picture.dimensions(), (348, 348));
        assert_eq!(picture.get_pixel(11, 11), &Rgb([0xff; 3]));
        // The corner of the finder pattern.
        assert_eq!(picture.get_pixel(12, 12), &Rgb([0x11, 0x22, 0x33]));
    }

    #[test]
    fn a_color_that_is_none_is_the_usual_one() {
        assert_eq!(rgb("green"), None);
        assert_eq!(rgb("#12345é"), None);
        assert_eq!(rgb("#19875480"), Some(USUAL));
        assert!(qr_code(&"a".repeat(3000), "#000").is_none());
    }
}

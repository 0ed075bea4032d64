use image::{DynamicImage, RgbaImage, imageops};

use super::container::{Area, EncodedFrame, animation};
use super::encode::{lossy, on_canvas};
use super::frames::Frame;
use super::{ANIMATED_BYTES, LONGEST_SECONDS, SIDE};
use crate::error::MediaError;

/// How good the pictures are and how long each is shown at least, in milliseconds: the first that is small enough.
const ATTEMPTS: [(f32, u32); 4] = [(70.0, 60), (50.0, 80), (35.0, 100), (20.0, 150)];

/// How long the encoder looks for a smaller result: there are many pictures.
const QUICK: u8 = 1;

const WHOLE: Area = Area {
    left: 0,
    top: 0,
    width: SIDE,
    height: SIDE,
};

/// Encodes what `frames` yields, anew for each attempt.
pub(super) fn animated<F>(frames: impl Fn() -> Result<F, MediaError>) -> Result<Vec<u8>, MediaError>
where
    F: Iterator<Item = Result<Frame, MediaError>>,
{
    for (attempt, (quality, shortest)) in ATTEMPTS.into_iter().enumerate() {
        let room = if attempt + 1 == ATTEMPTS.len() {
            // Better too large than not at all.
            usize::MAX
        } else {
            ANIMATED_BYTES
        };
        if let Some(encoded) = encode(frames()?, quality, shortest, room)? {
            return animation(SIDE, SIDE, &encoded);
        }
    }
    Err(MediaError::Stumbled)
}

/// `None` as soon as there is no room for more.
fn encode(
    frames: impl Iterator<Item = Result<Frame, MediaError>>,
    quality: f32,
    shortest: u32,
    room: usize,
) -> Result<Option<Vec<EncodedFrame>>, MediaError> {
    let mut encoded: Vec<EncodedFrame> = Vec::new();
    let mut last = None;
    let mut elapsed = 0;
    let mut used = 0;
    for frame in frames {
        let Frame {
            image,
            milliseconds,
        } = match frame {
            Ok(frame) => frame,
            // A file that was cut off still shows what it has.
            Err(_) if !encoded.is_empty() => break,
            Err(error) => return Err(error),
        };
        elapsed += milliseconds;
        if let Some(shown) = encoded.last_mut()
            && shown.milliseconds < shortest
        {
            shown.milliseconds += milliseconds;
        } else {
            let canvas = on_canvas(&DynamicImage::ImageRgba8(image));
            let area = match &last {
                None => Some(WHOLE),
                Some(last) => changed(last, &canvas),
            };
            if let Some(area) = area {
                let part =
                    imageops::crop_imm(&canvas, area.left, area.top, area.width, area.height);
                let webp = lossy(part.to_image(), quality, QUICK)?;
                used += webp.len();
                if used > room {
                    return Ok(None);
                }
                encoded.push(EncodedFrame {
                    webp,
                    area,
                    milliseconds,
                });
                last = Some(canvas);
            } else if let Some(shown) = encoded.last_mut() {
                shown.milliseconds += milliseconds;
            }
        }
        if elapsed >= LONGEST_SECONDS * 1000 {
            break;
        }
    }
    Ok(Some(encoded))
}

/// The smallest area outside of which nothing is different; `None` when nothing is.
fn changed(before: &RgbaImage, after: &RgbaImage) -> Option<Area> {
    let row = SIDE as usize * 4;
    let rows = || {
        before
            .as_raw()
            .chunks_exact(row)
            .zip(after.as_raw().chunks_exact(row))
    };
    let top = rows().position(|(before, after)| before != after)?;
    let bottom = rows().rposition(|(before, after)| before != after)?;
    let (mut left, mut right) = (SIDE as usize, 0);
    for (before, after) in rows().take(bottom + 1).skip(top) {
        let pixels = || before.chunks_exact(4).zip(after.chunks_exact(4));
        if let Some(first) = pixels()
            .take(left)
            .position(|(before, after)| before != after)
        {
            left = first;
        }
        if let Some(last) = pixels().rposition(|(before, after)| before != after) {
            right = right.max(last);
        }
    }
    // All below 512.
    let (left, top) = (left as u32 / 2 * 2, top as u32 / 2 * 2);
    Some(Area {
        left,
        top,
        width: right as u32 + 1 - left,
        height: bottom as u32 + 1 - top,
    })
}

#[cfg(test)]
mod tests {
    use image::Rgba;

    use super::*;

    #[test]
    fn only_what_changes_is_encoded() {
        let before = RgbaImage::new(SIDE, SIDE);
        assert_eq!(changed(&before, &before), None);
        for (points, area) in [
            (&[(0, 0)][..], (0, 0, 1, 1)),
            (&[(511, 511)], (510, 510, 2, 2)),
            (&[(7, 9)], (6, 8, 2, 2)),
            (&[(100, 20), (30, 60)], (30, 20, 71, 41)),
            (&[(0, 0), (511, 511)], (0, 0, 512, 512)),
        ] {
            let mut after = before.clone();
            for (x, y) in points {
                after.put_pixel(*x, *y, Rgba([1, 2, 3, 4]));
            }
            let found = changed(&before, &after).unwrap();
            assert_eq!((found.left, found.top, found.width, found.height), area);
        }
    }
}

use std::io::Cursor;

use image::codecs::gif::{GifEncoder, Repeat};
use image::codecs::webp::WebPDecoder;
use image::{AnimationDecoder, Delay, DynamicImage, Frame, ImageFormat, Rgba, RgbaImage};
use pombo_domain::media::{MediaContent, MediaFile};

use super::*;
use crate::error::MediaError;
use crate::reader::MediaReader;

const PIXELS: u64 = 1_000_000;

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

fn bytes(file: &MediaFile) -> Vec<u8> {
    MediaReader::all(file).unwrap().to_vec()
}

fn red(width: u32, height: u32) -> RgbaImage {
    RgbaImage::from_pixel(width, height, Rgba([255, 0, 0, 255]))
}

/// A picture that cannot be described in few bytes.
fn noise(side: u32) -> RgbaImage {
    let mut state = 1u32;
    RgbaImage::from_fn(side, side, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [_, a, b, c] = state.to_le_bytes();
        Rgba([a, b, c, 255])
    })
}

/// Frames with a bar that moves, each for a tenth of a second.
fn moving_gif(frames: u32) -> MediaFile {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new(&mut bytes);
    encoder.set_repeat(Repeat::Infinite).unwrap();
    for index in 0..frames {
        let image = RgbaImage::from_fn(100, 50, |x, _| {
            if x / 10 == index % 10 {
                Rgba([0, 0, 255, 255])
            } else {
                Rgba([0, 0, 0, 0])
            }
        });
        let delay = Delay::from_numer_denom_ms(100, 1);
        encoder
            .encode_frame(Frame::from_parts(image, 0, 0, delay))
            .unwrap();
    }
    drop(encoder);
    MediaFile::in_memory(bytes)
}

#[test]
fn pictures_become_stickers_with_nothing_around_them() {
    for format in [
        ImageFormat::Png,
        ImageFormat::Jpeg,
        ImageFormat::WebP,
        ImageFormat::Gif,
    ] {
        let (file, facts) = convert(&encoded(red(200, 100), format), PIXELS).unwrap();
        assert_eq!(
            facts,
            Facts {
                width: 512,
                height: 512,
                is_animated: false
            }
        );
        let image = image::load_from_memory(&bytes(&file)).unwrap().into_rgba8();
        assert_eq!(image.dimensions(), (512, 512), "{format:?}");
        assert_eq!(image.get_pixel(256, 60)[3], 0, "above {format:?}");
        assert_eq!(image.get_pixel(256, 450)[3], 0, "below {format:?}");
        let middle = image.get_pixel(256, 256);
        assert!(middle[0] > 240 && middle[3] == 255, "{middle:?}");
    }
}

#[test]
fn photographs_lose_detail_and_become_small() {
    let (file, _) = convert(&encoded(noise(512), ImageFormat::Png), PIXELS).unwrap();
    assert!(file.len() < 700 * 1024, "{} bytes", file.len());
    let image = image::load_from_memory(&bytes(&file)).unwrap();
    assert_eq!((image.width(), image.height()), (512, 512));

    let smooth = RgbaImage::from_fn(512, 512, |x, y| {
        let wave = ((x as f32 / 9.0).sin() * (y as f32 / 7.0).cos() * 100.0 + 128.0) as u8;
        Rgba([wave, (x / 2) as u8, (y / 2) as u8, 255])
    });
    let (file, _) = convert(&encoded(smooth.clone(), ImageFormat::Png), PIXELS).unwrap();
    assert!(file.len() <= STILL_BYTES as u64, "{} bytes", file.len());
    let shown = image::load_from_memory(&bytes(&file)).unwrap().into_rgba8();
    let difference: u64 = smooth
        .as_raw()
        .iter()
        .zip(shown.as_raw())
        .map(|(a, b)| u64::from(a.abs_diff(*b)))
        .sum();
    let mean = difference as f64 / smooth.as_raw().len() as f64;
    assert!(mean < 6.0, "the picture is no longer the same: {mean}");
}

#[test]
fn a_finished_sticker_stays_as_it_is() {
    let file = encoded(noise(512), ImageFormat::WebP);
    let (same, facts) = convert(&file, PIXELS).unwrap();
    assert_eq!(bytes(&same), bytes(&file));
    assert!(!facts.is_animated);
}

#[test]
fn gifs_that_move_become_stickers_that_move() {
    let (file, facts) = convert(&moving_gif(6), PIXELS).unwrap();
    assert_eq!(
        facts,
        Facts {
            width: 512,
            height: 512,
            is_animated: true
        }
    );
    let webp = bytes(&file);
    assert!(webp.windows(4).any(|name| name == b"ANIM"));
    let decoder = WebPDecoder::new(Cursor::new(webp)).unwrap();
    assert!(decoder.has_animation());
    let frames = decoder.into_frames().collect_frames().unwrap();
    assert_eq!(frames.len(), 6);
    for (index, frame) in frames.iter().enumerate() {
        assert_eq!(frame.delay().numer_denom_ms(), (100, 1));
        let image = frame.buffer();
        let bar = image.get_pixel(index as u32 * 51 + 25, 256);
        assert!(bar[2] > 200 && bar[3] > 250, "frame {index}: {bar:?}");
        let beside = image.get_pixel((index as u32 + 2) % 10 * 51 + 25, 256);
        assert!(beside[3] < 10, "frame {index}: {beside:?}");
    }
}

#[test]
fn what_moves_already_stays_as_it_is() {
    let (file, _) = convert(&moving_gif(3), PIXELS).unwrap();
    let (again, facts) = convert(&file, PIXELS).unwrap();
    assert!(facts.is_animated);
    assert_eq!(bytes(&again), bytes(&file));
    assert_eq!(describe_finished(&file).unwrap(), facts);
}

#[test]
fn long_animations_are_cut() {
    let (file, _) = convert(&moving_gif(130), PIXELS).unwrap();
    let frames = WebPDecoder::new(Cursor::new(bytes(&file)))
        .unwrap()
        .into_frames();
    let milliseconds: u32 = frames
        .map(|frame| frame.unwrap().delay().numer_denom_ms().0)
        .sum();
    assert_eq!(milliseconds, 10_000);
}

#[test]
fn a_finished_sticker_must_be_webp() {
    for file in [
        encoded(red(9, 9), ImageFormat::Png),
        MediaFile::in_memory("RIFF"),
    ] {
        assert!(matches!(describe_finished(&file), Err(MediaError::NotWebp)));
    }
    let file = encoded(red(9, 7), ImageFormat::WebP);
    let facts = describe_finished(&file).unwrap();
    assert_eq!(
        facts,
        Facts {
            width: 9,
            height: 7,
            is_animated: false
        }
    );
}

#[test]
fn raw_frames_become_an_animation() {
    let mut raw = Vec::new();
    for colour in [[255, 0, 0, 255], [0, 255, 0, 255]] {
        raw.extend(colour.repeat((SIDE * SIDE) as usize));
    }
    let (file, facts) = convert_raw(&MediaFile::in_memory(raw)).unwrap();
    assert!(facts.is_animated);
    assert!(matches!(file.content(), MediaContent::Memory(_)));
    let frames = WebPDecoder::new(Cursor::new(bytes(&file)))
        .unwrap()
        .into_frames()
        .collect_frames()
        .unwrap();
    assert_eq!(frames.len(), 2);
    assert!(frames[1].buffer().get_pixel(9, 9)[1] > 240);
}

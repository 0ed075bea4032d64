//! Files that were damaged on purpose: whatever is read from outside may say anything, and is answered with an error or
//! with what is left of it, never with a panic and never without end.

use std::io::Cursor;
use std::time::{Duration, Instant};

use hound::{SampleFormat, WavSpec, WavWriter};
use image::codecs::gif::GifEncoder;
use image::{Delay, DynamicImage, Frame, ImageFormat, Rgba, RgbaImage};
use pombo_domain::media::MediaFile;

use crate::audio::{self, SoundKind};
use crate::reader::MediaReader;
use crate::spool::Limits;
use crate::{document, mp4, picture, sticker};

/// How often each file is damaged.
const ROUNDS: u32 = 40;

const PIXELS: u64 = 300_000;

fn limits() -> Limits {
    Limits {
        max_bytes: 10_000_000,
        memory_bytes: 10_000_000,
        directory: None,
    }
}

/// A few bytes changed, the end cut off, or a piece taken out; the same each time.
fn damaged(whole: &[u8], seed: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let mut below = move |limit: usize| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as usize % limit.max(1)
    };
    let mut bytes = whole.to_vec();
    for _ in 0..=below(8) {
        // Headers are at the start, and more interesting.
        let place = if below(2) == 0 {
            below(64)
        } else {
            below(bytes.len())
        };
        if let Some(byte) = bytes.get_mut(place) {
            *byte = match below(4) {
                0 => 0,
                1 => 0xff,
                _ => below(256) as u8,
            };
        }
    }
    match below(4) {
        0 => bytes.truncate(below(whole.len())),
        1 => {
            let start = below(bytes.len());
            let end = (start + below(64)).min(bytes.len());
            bytes.drain(start..end);
        }
        _ => {}
    }
    bytes
}

fn survives(name: &str, whole: &[u8], read: impl Fn(&MediaFile)) {
    for seed in 0..ROUNDS {
        let file = MediaFile::in_memory(damaged(whole, seed));
        let started = Instant::now();
        read(&file);
        let taken = started.elapsed();
        assert!(
            taken < Duration::from_secs(30),
            "{name} with seed {seed} took {taken:?}"
        );
    }
}

fn noisy(width: u32, height: u32) -> RgbaImage {
    RgbaImage::from_fn(width, height, |x, y| {
        Rgba([
            (x * 7 % 256) as u8,
            (y * 11 % 256) as u8,
            (x * y % 256) as u8,
            255,
        ])
    })
}

fn encoded(format: ImageFormat) -> Vec<u8> {
    let image = DynamicImage::ImageRgba8(noisy(61, 37));
    let image = match format {
        ImageFormat::Jpeg => image.into_rgb8().into(),
        _ => image,
    };
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn wav() -> Vec<u8> {
    let spec = WavSpec {
        channels: 2,
        sample_rate: 44_100,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = WavWriter::new(&mut bytes, spec).unwrap();
    for index in 0..20_000i32 {
        writer
            .write_sample((index * 331 % 20_000 - 10_000) as i16)
            .unwrap();
    }
    writer.finalize().unwrap();
    bytes.into_inner()
}

#[test]
fn pictures() {
    for format in [
        ImageFormat::Jpeg,
        ImageFormat::Png,
        ImageFormat::WebP,
        ImageFormat::Gif,
        ImageFormat::Bmp,
    ] {
        survives(&format!("{format:?}"), &encoded(format), |file| {
            picture::describe(file, PIXELS).ok();
        });
    }
}

#[test]
fn stickers() {
    let mut gif = Vec::new();
    let mut encoder = GifEncoder::new(&mut gif);
    for index in 0..3 {
        let delay = Delay::from_numer_denom_ms(50, 1);
        encoder
            .encode_frame(Frame::from_parts(noisy(20 + index, 20), 0, 0, delay))
            .unwrap();
    }
    drop(encoder);
    for whole in [gif, encoded(ImageFormat::WebP)] {
        survives("sticker", &whole, |file| {
            sticker::convert(file, PIXELS).ok();
            sticker::describe_finished(file).ok();
        });
    }
}

#[test]
fn sound() {
    let wav = wav();
    let note = audio::encode(&MediaFile::in_memory(wav.clone()), SoundKind::Wav, limits()).unwrap();
    let opus = MediaReader::all(&note.file).unwrap().to_vec();
    // Frames of MPEG-1 layer III, 128 kbit/s, 44.1 kHz, whose content is noise.
    let mp3: Vec<u8> = (0..40u32)
        .flat_map(|frame| {
            let head = [0xff, 0xfb, 0x90, 0x64];
            let body = (4..417u32).map(move |index| (index * frame * 31 % 251) as u8);
            head.into_iter().chain(body)
        })
        .collect();
    assert_eq!(SoundKind::of(&mp3), SoundKind::Mp3);
    for (kind, whole) in [
        (SoundKind::Wav, wav),
        (SoundKind::Opus, opus),
        (SoundKind::Mp3, mp3),
    ] {
        survives(&format!("{kind:?}"), &whole, |file| {
            audio::duration(file, kind).ok();
            audio::describe(file, kind).ok();
            audio::encode(file, kind, limits()).ok();
        });
    }
}

#[test]
fn films_and_documents() {
    let mut film = b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x7cmoov\0\0\0\x6cmvhd".to_vec();
    film.extend_from_slice(&[0; 100]);
    survives("mp4", &film, |file| {
        mp4::facts(file).ok();
    });
    let pdf = document::tests::pdf(3);
    survives("pdf", &pdf, |file| {
        document::page_count(file).ok();
    });
}

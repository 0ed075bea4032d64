use std::io::Cursor;
use std::time::Duration;

use hound::{SampleFormat, WavSpec, WavWriter};
use opus_pure::{Application, MAX_PACKET_BYTES, OggOpusWriter, OpusEncoder, OpusHead};
use pombo_domain::media::MediaFile;

use super::decode::Decoder;
use super::*;
use crate::error::MediaError;
use crate::reader::MediaReader;
use crate::spool::Limits;

fn limits() -> Limits {
    Limits {
        max_bytes: 100_000_000,
        memory_bytes: 1_000_000,
        directory: None,
    }
}

/// A tone of 440 Hz, half as loud as possible.
fn tone(rate: u32, seconds: f32) -> Vec<f32> {
    (0..(rate as f32 * seconds) as usize)
        .map(|index| (index as f32 / rate as f32 * 440.0 * std::f32::consts::TAU).sin() * 0.5)
        .collect()
}

fn wav(rate: u32, channels: u16, mono: &[f32]) -> MediaFile {
    let spec = WavSpec {
        channels,
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = WavWriter::new(&mut bytes, spec).unwrap();
    for sample in mono {
        for _ in 0..channels {
            writer.write_sample((sample * 32767.0) as i16).unwrap();
        }
    }
    writer.finalize().unwrap();
    MediaFile::in_memory(bytes.into_inner())
}

fn stereo_opus() -> MediaFile {
    let mut encoder = OpusEncoder::new(48_000, 2, Application::Audio).unwrap();
    let head = OpusHead::for_encoder(&encoder, 48_000);
    let mut writer = OggOpusWriter::new(Vec::new(), head).unwrap();
    let mut packet = vec![0; MAX_PACKET_BYTES];
    let left_and_right: Vec<f32> = tone(48_000, 1.0).iter().flat_map(|s| [*s, *s]).collect();
    for frame in left_and_right.chunks_exact(1920) {
        let length = encoder.encode(frame, 960, &mut packet).unwrap();
        writer.write_packet(&packet[..length]).unwrap();
    }
    MediaFile::in_memory(writer.finish().unwrap())
}

fn kind(file: &MediaFile) -> SoundKind {
    SoundKind::of(&MediaReader::head(file, crate::mime::SNIFFED_BYTES).unwrap())
}

fn samples(file: &MediaFile) -> Vec<f32> {
    let mut decoder = Decoder::open(file, SoundKind::Opus, 48_000).unwrap();
    let mut mono = Vec::new();
    while decoder.next(&mut mono).unwrap() {}
    mono
}

/// How much of the sound is a tone of that frequency: 1 is all of it. (Goertzel's algorithm.)
fn share_of(samples: &[f32], frequency: f32) -> f32 {
    let coefficient = 2.0 * (std::f32::consts::TAU * frequency / 48_000.0).cos();
    let (mut before, mut last) = (0.0f32, 0.0f32);
    for sample in samples {
        (before, last) = (last, sample + coefficient * last - before);
    }
    let power = last * last + before * before - coefficient * last * before;
    let all: f32 = samples.iter().map(|sample| sample * sample).sum();
    power / (all * samples.len() as f32 / 2.0)
}

#[test]
fn any_rate_and_channels_become_a_voice_note_of_the_same_sound() {
    for (rate, channels) in [
        (48_000, 1),
        (44_100, 2),
        (8_000, 1),
        (16_000, 2),
        (96_000, 1),
        (22_050, 1),
    ] {
        let original = wav(rate, channels, &tone(rate, 2.5));
        let note = encode(&original, kind(&original), limits()).unwrap();
        let seconds = note.duration.as_secs_f64();
        assert!((seconds - 2.5).abs() < 0.001, "{rate} Hz: {seconds}");
        assert!(is_voice_note(&note.file, kind(&note.file)));
        assert!(
            note.waveform.iter().all(|value| *value > 90),
            "{rate} Hz: {:?}",
            note.waveform
        );
        assert!(note.file.len() < 40_000, "{} bytes", note.file.len());

        let decoded = samples(&note.file);
        assert!(
            decoded.len().abs_diff(120_000) <= 2,
            "{rate} Hz: {} samples",
            decoded.len()
        );
        let middle = &decoded[24_000..72_000];
        assert!(
            share_of(middle, 440.0) > 0.95,
            "{rate} Hz: {}",
            share_of(middle, 440.0)
        );
        let loudest = middle.iter().copied().fold(0.0, f32::max);
        assert!((0.42..0.58).contains(&loudest), "{rate} Hz: {loudest}");
    }
}

#[test]
fn a_voice_note_is_measured_without_being_changed() {
    let mut sound = vec![0.0; 48_000];
    sound.extend(tone(48_000, 1.0));
    let original = wav(48_000, 1, &sound);
    let note = encode(&original, SoundKind::Wav, limits()).unwrap();
    let (length, waveform) = describe(&note.file, SoundKind::Opus).unwrap();
    assert!((length.as_secs_f64() - 2.0).abs() < 0.001, "{length:?}");
    assert!(
        waveform[..30].iter().all(|value| *value < 5),
        "{waveform:?}"
    );
    assert!(
        waveform[34..].iter().all(|value| *value > 90),
        "{waveform:?}"
    );
}

#[test]
fn two_channels_are_no_voice_note() {
    let file = stereo_opus();
    assert_eq!(kind(&file), SoundKind::Opus);
    assert!(!is_voice_note(&file, SoundKind::Opus));
    let note = encode(&file, SoundKind::Opus, limits()).unwrap();
    assert!(is_voice_note(&note.file, SoundKind::Opus));
    assert!(share_of(&samples(&note.file)[9_600..38_400], 440.0) > 0.9);
}

#[test]
fn headers_say_how_long_it_is() {
    let file = wav(44_100, 2, &tone(44_100, 1.5));
    assert_eq!(
        duration(&file, kind(&file)).unwrap(),
        Some(Duration::from_millis(1500))
    );
    let note = encode(&file, kind(&file), limits()).unwrap();
    let length = duration(&note.file, kind(&note.file)).unwrap().unwrap();
    assert!((length.as_secs_f64() - 1.5).abs() < 0.001, "{length:?}");
    let words = MediaFile::in_memory("just words, and no sound at all");
    assert_eq!(duration(&words, kind(&words)).unwrap(), None);
}

#[test]
fn sound_that_breaks_off_is_sent_as_far_as_it_goes() {
    let file = wav(48_000, 1, &tone(48_000, 2.0));
    let bytes = MediaReader::all(&file).unwrap();
    let half = MediaFile::in_memory(bytes.slice(..bytes.len() / 2));
    let note = encode(&half, SoundKind::Wav, limits()).unwrap();
    assert!(
        (0.9..1.1).contains(&note.duration.as_secs_f64()),
        "{:?}",
        note.duration
    );

    let note = encode(&file, SoundKind::Wav, limits()).unwrap();
    let bytes = MediaReader::all(&note.file).unwrap();
    let half = MediaFile::in_memory(bytes.slice(..bytes.len() / 2));
    let (length, _) = describe(&half, SoundKind::Opus).unwrap();
    assert!((0.5..1.5).contains(&length.as_secs_f64()), "{length:?}");
}

#[test]
fn what_is_no_sound_is_an_error() {
    let none = wav(48_000, 1, &[]);
    for (file, kind) in [
        (none, SoundKind::Wav),
        (
            MediaFile::in_memory("RIFF....WAVEfmt nonsense"),
            SoundKind::Wav,
        ),
        (MediaFile::in_memory("just words"), SoundKind::Other),
        (
            MediaFile::in_memory(&b"OggS\0\0\0\0OpusHead"[..]),
            SoundKind::Opus,
        ),
        (MediaFile::in_memory(vec![0; 5000]), SoundKind::Mp3),
    ] {
        let error = encode(&file, kind, limits()).unwrap_err();
        assert!(matches!(error, MediaError::Audio(_)), "{error}");
    }
}

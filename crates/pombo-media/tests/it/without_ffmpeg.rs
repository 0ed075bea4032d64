//! What only ffmpeg can do is refused by name.

use std::io::Cursor;
use std::time::Duration;

use hound::{SampleFormat, WavSpec, WavWriter};
use pombo_media::{MediaConfig, MediaReader, Preparer, VOICE_NOTE, Wishes};
use pombo_net::OutboundPolicy;

use crate::kit::{bare, client, upload};

fn wav() -> Vec<u8> {
    let spec = WavSpec {
        channels: 2,
        sample_rate: 44_100,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = WavWriter::new(&mut bytes, spec).unwrap();
    for index in 0..88_200u32 {
        writer
            .write_sample((index * 37 % 2000) as i16 - 1000)
            .unwrap();
    }
    writer.finalize().unwrap();
    bytes.into_inner()
}

/// The beginning of an MP4 as far as it is looked at.
const MP4: &[u8] = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom\0\0\0\x08free";
const TIFF: &[u8] = b"II\x2a\0\x08\0\0\0\0\0\0\0\0\0\0\0";

#[tokio::test]
async fn voice_notes_of_foreign_sound_are_refused() {
    let preparer = bare(MediaConfig::default());
    assert!(preparer.ffmpeg().await.is_none());
    for bytes in [&b"fLaC\0\0\0\x22"[..], MP4, b"just words"] {
        let source = preparer.load(upload(bytes)).await.unwrap();
        let error = preparer.voice_note(source).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "ffmpeg is needed to make a voice note of this kind of sound, and it is not installed"
        );
        assert!(!error.is_ours());
    }
    let source = preparer
        .load(upload(&b"RIFF\x10\0\0\0WAVEfmt "[..]))
        .await
        .unwrap();
    let error = preparer.voice_note(source).await.unwrap_err();
    assert!(
        error.to_string().starts_with("the sound cannot be read"),
        "{error}"
    );
}

#[tokio::test]
async fn films_are_sent_as_they_are_but_become_no_stickers() {
    let preparer = bare(MediaConfig::default());
    let source = preparer.load(upload(MP4)).await.unwrap();
    assert_eq!(source.sniffed, Some("video/mp4"));
    let prepared = preparer
        .video(source.clone(), Wishes::default())
        .await
        .unwrap();
    assert_eq!(prepared.mimetype, "video/mp4");
    assert_eq!((prepared.seconds, prepared.width), (None, None));
    let error = preparer.ptv(source.clone()).await.unwrap_err();
    assert_eq!(error.to_string(), "the length of the video cannot be read");
    let error = preparer.sticker(source.clone()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "ffmpeg is needed to make a sticker of a film, and it is not installed"
    );
    let error = preparer.to_mp4(&source.file).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "ffmpeg is needed to convert sound to MP4, and it is not installed"
    );
}

#[tokio::test]
async fn foreign_pictures_are_refused() {
    let preparer = bare(MediaConfig::default());
    let source = preparer.load(upload(TIFF)).await.unwrap();
    let error = preparer.image(source, Wishes::default()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "ffmpeg is needed to read this kind of picture, and it is not installed"
    );
}

#[tokio::test]
async fn wav_becomes_a_voice_note_and_that_is_not_touched_again() {
    let preparer = bare(MediaConfig::default());
    let source = preparer.load(upload(wav())).await.unwrap();
    let plain = preparer
        .audio(source.clone(), Wishes::default())
        .await
        .unwrap();
    assert_eq!(
        (plain.mimetype.as_str(), plain.seconds),
        ("audio/wav", Some(1))
    );

    let note = preparer.voice_note(source).await.unwrap();
    assert_eq!(
        (note.mimetype.as_str(), note.seconds),
        (VOICE_NOTE, Some(1))
    );
    let bytes = MediaReader::all(&note.file).unwrap();
    let source = preparer.load(upload(bytes.clone())).await.unwrap();
    for again in [
        preparer.voice_note(source.clone()).await.unwrap(),
        preparer.untouched_voice_note(source).await.unwrap(),
    ] {
        assert_eq!(MediaReader::all(&again.file).unwrap(), bytes);
        assert_eq!(again.mimetype, VOICE_NOTE);
        assert_eq!(again.seconds, Some(1));
        assert!(again.waveform.is_some());
    }
}

#[tokio::test]
async fn an_untouched_voice_note_of_unknown_sound_has_no_length() {
    let preparer = bare(MediaConfig::default());
    let source = preparer
        .load(upload("whatever the client calls sound"))
        .await
        .unwrap();
    let note = preparer.untouched_voice_note(source).await.unwrap();
    assert_eq!(note.mimetype, VOICE_NOTE);
    assert_eq!((note.seconds, note.waveform), (None, None));
}

#[tokio::test]
async fn a_program_that_is_not_there_is_looked_for_once_and_named() {
    let preparer = Preparer::looking_for(
        "/no/such/ffmpeg".into(),
        Duration::from_secs(1),
        MediaConfig::default(),
        client(OutboundPolicy::Open),
    );
    let source = preparer.load(upload(MP4)).await.unwrap();
    for _ in 0..2 {
        let error = preparer.to_mp4(&source.file).await.unwrap_err();
        assert!(error.to_string().starts_with("ffmpeg is needed"), "{error}");
    }
}

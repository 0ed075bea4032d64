use pombo_domain::media::MediaFile;
use pombo_domain::message::MediaSource;
use pombo_media::{MediaConfig, MediaReader, VOICE_NOTE, Wishes};

use crate::kit::{bare, full, made_by_ffmpeg, upload};

#[tokio::test]
async fn mp3_becomes_a_voice_note_without_ffmpeg() {
    if full().await.is_none() {
        return;
    }
    let preparer = bare(MediaConfig::default());
    let mp3 = made_by_ffmpeg(
        &["-vn", "-c:a", "libmp3lame", "-ar", "44100", "-ac", "2"],
        "mp3",
    );
    let source = preparer.load(upload(mp3)).await.unwrap();
    let note = preparer.voice_note(source).await.unwrap();
    assert_eq!(note.mimetype, VOICE_NOTE);
    assert_eq!(note.seconds, Some(2));
    let waveform = note.waveform.unwrap();
    assert!(waveform.iter().all(|value| *value > 80), "{waveform:?}");
    check_opus(&MediaReader::all(&note.file).unwrap());
}

#[tokio::test]
async fn everything_else_becomes_a_voice_note_by_ffmpeg() {
    let Some(preparer) = full().await else { return };
    for (arguments, extension) in [
        (&["-vn", "-c:a", "aac"][..], "m4a"),
        (&["-vn", "-c:a", "flac"], "flac"),
        (&["-vn", "-c:a", "libvorbis"], "ogg"),
        (&["-vn", "-c:a", "pcm_mulaw", "-ar", "8000"], "wav"),
        (&["-c:v", "mpeg4", "-c:a", "aac"], "mp4"),
    ] {
        let source = preparer
            .load(upload(made_by_ffmpeg(arguments, extension)))
            .await
            .unwrap();
        let note = preparer.voice_note(source).await.unwrap();
        assert_eq!(note.seconds, Some(2), "{extension}");
        assert!(note.waveform.is_some());
        check_opus(&MediaReader::all(&note.file).unwrap());
    }
}

/// ffmpeg's own decoder finds two seconds of the tone, in one channel.
fn check_opus(bytes: &[u8]) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("note.ogg");
    std::fs::write(&path, bytes).unwrap();
    let decoded = std::process::Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-i"])
        .arg(&path)
        .args(["-f", "s16le", "-c:a", "pcm_s16le", "-"])
        .output()
        .unwrap();
    assert!(
        decoded.status.success() && decoded.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&decoded.stderr)
    );
    let samples: Vec<i16> = decoded
        .stdout
        .chunks_exact(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    assert!(
        samples.len().abs_diff(96_000) < 5_000,
        "{} samples",
        samples.len()
    );
    // A tone of 440 Hz goes through zero 880 times in a second.
    let middle = &samples[24_000..72_000];
    let crossings = middle
        .windows(2)
        .filter(|pair| (pair[0] < 0) != (pair[1] < 0))
        .count();
    assert!(crossings.abs_diff(880) < 10, "{crossings} crossings");
}

#[tokio::test]
async fn a_foreign_encoders_voice_note_stays_as_it_is() {
    let Some(preparer) = full().await else { return };
    let opus = made_by_ffmpeg(&["-vn", "-c:a", "libopus", "-ac", "1"], "ogg");
    let source = preparer.load(upload(opus.clone())).await.unwrap();
    let note = preparer.voice_note(source).await.unwrap();
    assert_eq!(MediaReader::all(&note.file).unwrap(), opus);
    assert_eq!(note.seconds, Some(2));
    assert!(note.waveform.unwrap().iter().all(|value| *value > 80));
}

#[tokio::test]
async fn untouched_voice_notes_are_measured_where_that_is_possible() {
    let Some(preparer) = full().await else { return };
    let mp3 = made_by_ffmpeg(&["-vn", "-c:a", "libmp3lame"], "mp3");
    let aac = made_by_ffmpeg(&["-vn", "-c:a", "aac"], "aac");
    for (bytes, has_waveform) in [(mp3, true), (aac, false)] {
        let source = MediaSource::Upload {
            file: MediaFile::in_memory(bytes.clone()),
            mimetype: Some("audio/mpeg".to_owned()),
            file_name: Some("a.mp3".to_owned()),
        };
        let source = preparer.load(source).await.unwrap();
        let note = preparer.untouched_voice_note(source).await.unwrap();
        assert_eq!(MediaReader::all(&note.file).unwrap(), bytes);
        assert_eq!(note.mimetype, VOICE_NOTE);
        assert_eq!(note.seconds, Some(2));
        assert_eq!(note.waveform.is_some(), has_waveform);
    }
}

#[tokio::test]
async fn plain_sound_is_measured_by_its_headers() {
    if full().await.is_none() {
        return;
    }
    let preparer = bare(MediaConfig::default());
    for (arguments, extension, mimetype) in [
        (&["-vn", "-c:a", "libmp3lame"][..], "mp3", "audio/mpeg"),
        (
            &[
                "-vn",
                "-c:a",
                "libmp3lame",
                "-b:a",
                "64k",
                "-write_xing",
                "0",
            ],
            "mp3",
            "audio/mpeg",
        ),
        (&["-vn", "-c:a", "aac"], "m4a", "audio/mp4"),
        (&["-vn"], "wav", "audio/wav"),
        (&["-vn", "-c:a", "libopus"], "ogg", VOICE_NOTE),
    ] {
        let source = preparer
            .load(upload(made_by_ffmpeg(arguments, extension)))
            .await
            .unwrap();
        let prepared = preparer.audio(source, Wishes::default()).await.unwrap();
        assert_eq!(prepared.mimetype, mimetype);
        assert_eq!(prepared.seconds, Some(2), "{extension}");
        assert_eq!(prepared.waveform, None);
    }
}

#[tokio::test]
async fn sound_becomes_mp4() {
    let Some(preparer) = full().await else { return };
    let opus = made_by_ffmpeg(&["-vn", "-c:a", "libopus", "-ac", "1"], "ogg");
    let source = preparer.load(upload(opus)).await.unwrap();
    let mp4 = preparer.to_mp4(&source.file).await.unwrap();
    let source = preparer
        .load(upload(MediaReader::all(&mp4).unwrap()))
        .await
        .unwrap();
    let prepared = preparer.audio(source, Wishes::default()).await.unwrap();
    assert_eq!(prepared.mimetype, "audio/mp4");
    assert_eq!(prepared.seconds, Some(2));

    let words = preparer.load(upload("just words")).await.unwrap();
    let error = preparer.to_mp4(&words.file).await.unwrap_err();
    assert!(error.to_string().starts_with("ffmpeg failed: "), "{error}");
    assert!(!error.to_string().contains('\n'));
}

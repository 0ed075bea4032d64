use pombo_domain::media::{MediaFile, PreparedMedia};

use super::{Preparer, Wishes, whole_seconds};
use crate::audio::{self, SoundKind, VOICE_NOTE, VoiceNote};
use crate::error::MediaError;
use crate::mime;
use crate::reader::MediaReader;
use crate::source::{SourceFile, clean_file_name};
use crate::spool::Limits;

impl Preparer {
    /// Sound that is no voice note, unchanged, with its length.
    pub async fn audio(
        &self,
        source: SourceFile,
        wishes: Wishes,
    ) -> Result<PreparedMedia, MediaError> {
        let (kind, duration) = self
            .workers
            .run({
                let file = source.file.clone();
                move || {
                    let kind = sound_kind(&file)?;
                    Ok((kind, audio::duration(&file, kind)?))
                }
            })
            .await?;
        let duration = match duration {
            Some(duration) => Some(duration),
            None => self.probed(&source.file).await,
        };
        let said = source.mimetype(wishes.mimetype.as_deref(), wishes.file_name.as_deref());
        let name = wishes.file_name.or(source.file_name).or(source.url_name);
        let mut prepared = PreparedMedia::new(source.file, sound_type(said, kind));
        prepared.seconds = duration.map(whole_seconds);
        prepared.file_name = name.as_deref().and_then(clean_file_name);
        Ok(prepared)
    }

    /// A voice note with its length and waveform. What is one already stays as it is.
    pub async fn voice_note(&self, source: SourceFile) -> Result<PreparedMedia, MediaError> {
        const DECODED: &[&str] = &[
            "-vn",
            "-ac",
            "1",
            "-ar",
            "48000",
            "-c:a",
            "pcm_s16le",
            "-f",
            "wav",
        ];
        let file = source.file;
        let limits = Limits::from(&self.config);
        let result = self.workers.run({
            let (file, limits) = (file.clone(), limits.clone());
            move || voice_note(file, limits)
        });
        let note = match result.await {
            Err(MediaError::Audio(reason)) => {
                // Only ffmpeg can say more about it; where the kind is known, it is damaged.
                let purpose = "make a voice note of this kind of sound";
                if self.ffmpeg().await.is_none() && is_decoded_here(&file).await {
                    return Err(MediaError::Audio(reason));
                }
                let decoded = self.converted(&file, purpose, DECODED, "wav").await?;
                self.workers
                    .run(move || audio::encode(&decoded, SoundKind::Wav, limits))
                    .await
            }
            result => result,
        }?;
        Ok(spoken(note))
    }

    /// Sound that is sent as a voice note without being touched (`encoding: false`), measured as far as that is possible.
    pub async fn untouched_voice_note(
        &self,
        source: SourceFile,
    ) -> Result<PreparedMedia, MediaError> {
        let file = source.file;
        let (measured, duration) = self
            .workers
            .run({
                let file = file.clone();
                move || {
                    let kind = sound_kind(&file)?;
                    let measured = audio::describe(&file, kind).ok();
                    Ok((measured, audio::duration(&file, kind)?))
                }
            })
            .await?;
        let duration = match measured.map(|(duration, _)| duration).or(duration) {
            Some(duration) => Some(duration),
            None => self.probed(&file).await,
        };
        let mut prepared = PreparedMedia::new(file, VOICE_NOTE);
        prepared.seconds = duration.map(whole_seconds);
        prepared.waveform = measured.map(|(_, waveform)| waveform);
        Ok(prepared)
    }
}

fn voice_note(file: MediaFile, limits: Limits) -> Result<VoiceNote, MediaError> {
    let kind = sound_kind(&file)?;
    if !audio::is_voice_note(&file, kind) {
        return audio::encode(&file, kind, limits);
    }
    let (duration, waveform) = audio::describe(&file, kind)?;
    Ok(VoiceNote {
        file,
        duration,
        waveform,
    })
}

fn spoken(note: VoiceNote) -> PreparedMedia {
    let mut prepared = PreparedMedia::new(note.file, VOICE_NOTE);
    prepared.seconds = Some(whole_seconds(note.duration));
    prepared.waveform = Some(note.waveform);
    prepared
}

async fn is_decoded_here(file: &MediaFile) -> bool {
    let file = file.clone();
    let kind = tokio::task::spawn_blocking(move || sound_kind(&file)).await;
    matches!(
        kind,
        Ok(Ok(SoundKind::Opus | SoundKind::Wav | SoundKind::Mp3))
    )
}

fn sound_kind(file: &MediaFile) -> Result<SoundKind, MediaError> {
    let head = MediaReader::head(file, 2 * mime::SNIFFED_BYTES)?;
    Ok(SoundKind::of(&head))
}

/// A type that clients take for sound.
fn sound_type(said: String, kind: SoundKind) -> String {
    let essence = mime::essence(&said);
    if essence == "audio/ogg" && kind == SoundKind::Opus {
        return VOICE_NOTE.to_owned();
    }
    if essence.starts_with("audio/") {
        return said;
    }
    match kind {
        SoundKind::Opus => VOICE_NOTE,
        SoundKind::Wav => "audio/wav",
        SoundKind::Mp4 => "audio/mp4",
        SoundKind::Mp3 | SoundKind::Other => "audio/mpeg",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_is_called_sound() {
        for (said, kind, result) in [
            ("audio/ogg", SoundKind::Opus, "audio/ogg; codecs=opus"),
            ("audio/ogg", SoundKind::Other, "audio/ogg"),
            ("video/mp4", SoundKind::Mp4, "audio/mp4"),
            ("audio/x-custom", SoundKind::Mp3, "audio/x-custom"),
            (mime::UNKNOWN, SoundKind::Wav, "audio/wav"),
            (mime::UNKNOWN, SoundKind::Other, "audio/mpeg"),
        ] {
            assert_eq!(sound_type(said.to_owned(), kind), result);
        }
    }
}

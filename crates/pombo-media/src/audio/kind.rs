/// Sound that is understood here, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SoundKind {
    /// Opus in Ogg.
    Opus,
    /// WAV.
    Wav,
    /// MPEG audio.
    Mp3,
    /// MP4 and its kin: the container is read, AAC is not decoded.
    Mp4,
    /// Whatever else.
    Other,
}

impl SoundKind {
    pub(crate) fn of(head: &[u8]) -> Self {
        if head.starts_with(b"OggS") && head.get(28..36) == Some(b"OpusHead") {
            Self::Opus
        } else if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WAVE") {
            Self::Wav
        } else if head.get(4..8) == Some(b"ftyp") {
            Self::Mp4
        } else if nanomp3::detect(head) {
            Self::Mp3
        } else {
            Self::Other
        }
    }
}

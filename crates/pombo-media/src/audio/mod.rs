//! Sound: how long it is, what it looks like, and making voice notes of it.
//!
//! A voice note is Opus in Ogg, 48 kHz and mono. WAV, MP3 and Opus are decoded here, without a C library and piece by
//! piece; everything else goes through ffmpeg first.

mod decode;
mod duration;
mod kind;
mod resample;
mod voice;
mod waveform;

pub(crate) use duration::duration;
pub(crate) use kind::SoundKind;
pub(crate) use voice::{VoiceNote, describe, encode, is_voice_note};

/// The type of a voice note.
pub const VOICE_NOTE: &str = "audio/ogg; codecs=opus";

#[cfg(test)]
mod tests;

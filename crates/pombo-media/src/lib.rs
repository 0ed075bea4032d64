//! Files on their way out and in: where they come from, what they are, and what a message says about them.
//!
//! [`Preparer`] takes a [`MediaSource`](pombo_domain::message::MediaSource) (a URL, base64 text, an upload) and yields a
//! [`PreparedMedia`](pombo_domain::media::PreparedMedia): the file with its type, size, length, thumbnail, waveform. Large
//! files pass through temporary files and are never in memory whole. Whatever keeps a processor busy runs on threads of
//! its own, no more of it at once than there are processors. URLs are fetched by `pombo-net`, whose policy decides what may
//! be reached.
//!
//! What pure Rust can do is done here; the rest is asked of [`Ffmpeg`], which may be missing, and then the error says so.
//! `docs/media.md` lists what needs it.
//!
//! It deliberately does not store files, and knows nothing of WhatsApp's encryption: channels do that.
//!
//! Start reading at [`Preparer`], then [`SourceFile`].

mod audio;
mod config;
#[cfg(test)]
mod damaged;
mod document;
mod error;
mod ffmpeg;
mod incoming;
pub mod mime;
mod mp4;
mod picture;
mod prepare;
mod preview;
mod qr_code;
mod reader;
mod source;
mod spool;
mod sticker;
mod workers;

pub use audio::VOICE_NOTE;
pub use config::MediaConfig;
pub use error::MediaError;
pub use ffmpeg::Ffmpeg;
pub use incoming::Incoming;
pub use prepare::{Preparer, Wishes};
pub use qr_code::qr_code;
pub use reader::MediaReader;
pub use source::SourceFile;

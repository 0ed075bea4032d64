//! Files on their way through Pombo, and what is known about them.
//!
//! A [`MediaFile`] may be much larger than what should sit in memory: small ones are bytes, others a path. Nothing here
//! reads: whoever needs the content opens it, as often as needed. `pombo-media` makes these files and fills in
//! [`PreparedMedia`]; channels send it.

use std::any::Any;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

/// How many values a voice note's waveform has.
pub const WAVEFORM_LENGTH: usize = 64;

/// A file that can be read more than once. A clone is cheap and is the same file.
#[derive(Clone)]
pub struct MediaFile(Place);

#[derive(Clone)]
enum Place {
    Memory(Bytes),
    Disk {
        path: PathBuf,
        length: u64,
        guard: Arc<dyn Any + Send + Sync>,
    },
}

/// Where the bytes of a [`MediaFile`] are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaContent<'a> {
    /// These are the bytes.
    Memory(&'a Bytes),
    /// A file to be opened. It is there as long as the [`MediaFile`] or a clone of it is.
    Disk(&'a Path),
}

impl MediaFile {
    /// A file in memory.
    #[must_use]
    pub fn in_memory(bytes: impl Into<Bytes>) -> Self {
        Self(Place::Memory(bytes.into()))
    }

    /// A file of `length` bytes on disk, complete and never written to again.
    ///
    /// `guard` is dropped with the last clone: its `Drop` removes a temporary file. For a file that stays, give `()`.
    #[must_use]
    pub fn on_disk(path: PathBuf, length: u64, guard: Arc<dyn Any + Send + Sync>) -> Self {
        Self(Place::Disk {
            path,
            length,
            guard,
        })
    }

    /// How many bytes it has.
    #[must_use]
    pub fn len(&self) -> u64 {
        match &self.0 {
            Place::Memory(bytes) => bytes.len() as u64,
            Place::Disk { length, .. } => *length,
        }
    }

    /// Whether it has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where the bytes are.
    #[must_use]
    pub fn content(&self) -> MediaContent<'_> {
        match &self.0 {
            Place::Memory(bytes) => MediaContent::Memory(bytes),
            Place::Disk { path, .. } => MediaContent::Disk(path),
        }
    }

    /// What keeps the file on disk alive, for somebody who hands the path on.
    #[must_use]
    pub fn guard(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        match &self.0 {
            Place::Memory(_) => None,
            Place::Disk { guard, .. } => Some(Arc::clone(guard)),
        }
    }
}

impl fmt::Debug for MediaFile {
    /// Its size and where it is, never its content.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match &self.0 {
            Place::Memory(_) => "memory",
            Place::Disk { .. } => "disk",
        };
        formatter
            .debug_struct("MediaFile")
            .field("place", &place)
            .field("length", &self.len())
            .finish()
    }
}

/// A file that is ready to be sent, with what the message says about it.
#[derive(Debug, Clone)]
pub struct PreparedMedia {
    /// What is uploaded.
    pub file: MediaFile,
    /// Its type, such as `image/png` or `audio/ogg; codecs=opus`. Never empty.
    pub mimetype: String,
    /// Its name with extension.
    pub file_name: Option<String>,
    /// Pixels from left to right, as shown (after turning).
    pub width: Option<u32>,
    /// Pixels from top to bottom, as shown (after turning).
    pub height: Option<u32>,
    /// Length of sound and film, rounded, at least 1.
    pub seconds: Option<u32>,
    /// A small JPEG.
    pub thumbnail: Option<Bytes>,
    /// Loudness over time, each value 0 to 100; voice notes only.
    pub waveform: Option<[u8; WAVEFORM_LENGTH]>,
    /// Pages of a PDF.
    pub page_count: Option<u32>,
    /// Whether a sticker moves.
    pub is_animated: bool,
}

impl PreparedMedia {
    /// A file of which only its type is known.
    #[must_use]
    pub fn new(file: MediaFile, mimetype: impl Into<String>) -> Self {
        Self {
            file,
            mimetype: mimetype.into(),
            file_name: None,
            width: None,
            height: None,
            seconds: None,
            thumbnail: None,
            waveform: None,
            page_count: None,
            is_animated: false,
        }
    }
}

/// A profile or group picture in the two sizes that WhatsApp keeps, both square JPEGs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfilePicture {
    /// At most 640 by 640 pixels.
    pub image: Bytes,
    /// 96 by 96 pixels.
    pub preview: Bytes,
}

/// What is shown below a text that has a link in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkPreview {
    /// The link as it stands in the text.
    pub matched_text: String,
    /// Where the page says it is; a full URL.
    pub canonical_url: String,
    /// The page's name. Never empty.
    pub title: String,
    /// The page in a sentence.
    pub description: Option<String>,
    /// A small JPEG of the page's picture.
    pub thumbnail: Option<Bytes>,
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    struct Removed(Arc<AtomicBool>);

    impl Drop for Removed {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    #[test]
    fn the_guard_goes_with_the_last_clone() {
        let removed = Arc::new(AtomicBool::new(false));
        let guard = Arc::new(Removed(Arc::clone(&removed)));
        let file = MediaFile::on_disk(PathBuf::from("a/b"), 7, guard);
        let clone = file.clone();
        assert_eq!(clone.content(), MediaContent::Disk(Path::new("a/b")));
        assert_eq!(file.len(), 7);

        drop(file);
        assert!(!removed.load(Ordering::SeqCst));
        drop(clone);
        assert!(removed.load(Ordering::SeqCst));
    }

    #[test]
    fn the_debug_form_does_not_show_the_content() {
        let file = MediaFile::in_memory("secret");
        assert_eq!(
            format!("{file:?}"),
            r#"MediaFile { place: "memory", length: 6 }"#
        );
    }
}

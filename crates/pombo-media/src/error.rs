use std::io;
use std::time::Duration;

use pombo_net::OutboundError;

/// Why a file could not be prepared. The texts are meant to be shown to whoever sent the request.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// The URL was answered with something else than success. The text is axios's, which the original shows.
    #[error("Request failed with status code {0}")]
    Status(u16),
    /// The URL was not answered, or may not be fetched.
    #[error("the file could not be fetched: {0}")]
    Fetch(#[from] OutboundError),
    /// The text is no base64.
    #[error("the file is not valid base64")]
    NotBase64,
    /// There is not a single byte.
    #[error("the file is empty")]
    Empty,
    /// More bytes than are allowed.
    #[error("the file is larger than {limit} bytes")]
    TooLarge {
        /// The allowed size.
        limit: u64,
    },
    /// More pixels than are allowed: decoding it would take too much memory.
    #[error("the picture has {width} x {height} pixels, more than {limit} are not accepted")]
    TooManyPixels {
        /// From left to right.
        width: u32,
        /// From top to bottom.
        height: u32,
        /// The allowed product of both.
        limit: u64,
    },
    /// A picture that is damaged or of a kind that nobody here can read.
    #[error("the picture cannot be read: {0}")]
    Image(String),
    /// A sticker that was to be sent as it is, and cannot be.
    #[error("a sticker that is not converted must be WebP")]
    NotWebp,
    /// Sound that is damaged or of a kind that nobody here can read.
    #[error("the sound cannot be read: {0}")]
    Audio(String),
    /// More of it than is accepted.
    #[error("the sound is longer than {hours} hours")]
    TooLong {
        /// The accepted length.
        hours: u64,
    },
    /// A film that does not say how long it is, where that must be known.
    #[error("the length of the video cannot be read")]
    NoDuration,
    /// Only ffmpeg can do it.
    #[error("ffmpeg is needed to {purpose}, and it is not installed")]
    NeedsFfmpeg {
        /// What was to be done, as an infinitive.
        purpose: &'static str,
    },
    /// ffmpeg gave up. The text is the last line that it said.
    #[error("ffmpeg failed: {0}")]
    Ffmpeg(String),
    /// ffmpeg was ended by us.
    #[error("ffmpeg did not finish within {0:?}")]
    FfmpegTimeout(Duration),
    /// A temporary file could not be written or read.
    #[error("a temporary file failed: {0}")]
    Disk(#[from] io::Error),
    /// A library of ours stumbled over the file.
    #[error("the file could not be processed")]
    Stumbled,
}

impl MediaError {
    /// Whether the reason lies here (a full disk, say) and not in the file or its address.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        match self {
            Self::Disk(_) | Self::FfmpegTimeout(_) => true,
            Self::Status(_)
            | Self::Fetch(_)
            | Self::NotBase64
            | Self::Empty
            | Self::TooLarge { .. }
            | Self::TooManyPixels { .. }
            | Self::Image(_)
            | Self::NotWebp
            | Self::Audio(_)
            | Self::TooLong { .. }
            | Self::NoDuration
            | Self::NeedsFfmpeg { .. }
            | Self::Ffmpeg(_)
            | Self::Stumbled => false,
        }
    }

    pub(crate) fn audio(error: impl std::fmt::Display) -> Self {
        Self::Audio(error.to_string())
    }
}

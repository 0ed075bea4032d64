use std::path::PathBuf;
use std::time::Duration;

/// Limits for files. All of them guard memory, disk or time against what others send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaConfig {
    /// The largest file. Default 2 GiB, which is WhatsApp's own limit for documents.
    pub max_bytes: u64,
    /// Up to this size a file stays in memory. Default 1 MiB.
    pub memory_bytes: usize,
    /// For fetching a URL, up to the last byte. Default 5 minutes.
    pub fetch_timeout: Duration,
    /// Where large files are kept meanwhile; `None` is the system's place.
    pub temporary_directory: Option<PathBuf>,
    /// The largest picture that is decoded, width times height. Default 64 million: some 250 MB while it is worked on.
    pub max_pixels: u64,
    /// For a link preview as a whole, with its picture. Default 5 s.
    pub preview_timeout: Duration,
    /// How much of a page is read for a link preview. Default 512 KiB.
    pub preview_page_bytes: usize,
    /// The largest picture that is fetched for a link preview. Default 5 MiB.
    pub preview_image_bytes: u64,
}

impl Default for MediaConfig {
    fn default() -> Self {
        Self {
            max_bytes: 2 * 1024 * 1024 * 1024,
            memory_bytes: 1024 * 1024,
            fetch_timeout: Duration::from_secs(300),
            temporary_directory: None,
            max_pixels: 64_000_000,
            preview_timeout: Duration::from_secs(5),
            preview_page_bytes: 512 * 1024,
            preview_image_bytes: 5 * 1024 * 1024,
        }
    }
}

//! Where files come from: a URL, base64 text, an upload.
//!
//! Whatever it was, it becomes a [`SourceFile`]: bytes in memory or a temporary file, and what was said about it. Nothing
//! larger than the configured size in memory is ever held there whole.

mod base64_text;
mod disposition;
mod fetch;
mod file_name;

pub(crate) use file_name::clean as clean_file_name;

use std::sync::Arc;

use pombo_domain::media::{MediaContent, MediaFile};
use pombo_domain::message::MediaSource;
use pombo_net::OutboundClient;

use crate::config::MediaConfig;
use crate::error::MediaError;
use crate::incoming::Incoming;
use crate::mime;
use crate::reader::MediaReader;
use crate::spool::Limits;
use crate::workers::Workers;

/// A file as it arrived, with what its way here said about it.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// The bytes.
    pub file: MediaFile,
    /// The type that the sender named beside the file: in the form, or in the data URI.
    pub named: Option<String>,
    /// The type that the server named. Less trusted than the bytes.
    pub served: Option<String>,
    /// The type that the first bytes show.
    pub sniffed: Option<&'static str>,
    /// The name that the form or the server's `Content-Disposition` gave.
    pub file_name: Option<String>,
    /// The last part of the URL's path.
    pub url_name: Option<String>,
}

impl SourceFile {
    /// The type of the file. `wanted` and `wanted_name` are the client's own words; they come first, then the name that came
    /// with the file, the bytes, the server's word, and the URL.
    #[must_use]
    pub fn mimetype(&self, wanted: Option<&str>, wanted_name: Option<&str>) -> String {
        let by_name = |name: Option<&str>| name.and_then(mime::from_name).map(str::to_owned);
        let content = self.sniffed.filter(|found| !mime::is_container(found));
        wanted
            .and_then(mime::named)
            .or_else(|| by_name(wanted_name))
            .or_else(|| self.named.clone())
            .or_else(|| by_name(self.file_name.as_deref()))
            .or_else(|| content.map(str::to_owned))
            .or_else(|| by_name(self.url_name.as_deref()))
            .or_else(|| self.served.clone())
            .or_else(|| self.sniffed.map(str::to_owned))
            .unwrap_or_else(|| mime::UNKNOWN.to_owned())
    }
}

/// Makes [`SourceFile`]s.
#[derive(Debug, Clone)]
pub(crate) struct Loader {
    client: OutboundClient,
    config: MediaConfig,
    workers: Workers,
}

impl Loader {
    pub(crate) fn new(client: OutboundClient, config: MediaConfig, workers: Workers) -> Self {
        Self {
            client,
            config,
            workers,
        }
    }

    pub(crate) async fn load(&self, source: MediaSource) -> Result<SourceFile, MediaError> {
        match source {
            MediaSource::Url(url) => match url.trim().get(..5) {
                Some(scheme) if scheme.eq_ignore_ascii_case("data:") => {
                    self.text(Arc::new(url)).await
                }
                _ => self.url(url.trim()).await,
            },
            MediaSource::Base64(text) => self.text(text).await,
            MediaSource::Upload {
                file,
                mimetype,
                file_name,
            } => self.upload(file, mimetype, file_name).await,
        }
    }

    async fn url(&self, url: &str) -> Result<SourceFile, MediaError> {
        let limits = Limits::from(&self.config);
        let timeout = self.config.fetch_timeout;
        let fetched = fetch::fetch(&self.client, url, limits, timeout).await?;
        let mut file = self.known(fetched.file).await?;
        file.served = fetched.served.as_deref().and_then(mime::named);
        file.file_name = fetched.file_name;
        file.url_name = fetched.url_name;
        Ok(file)
    }

    async fn text(&self, text: Arc<String>) -> Result<SourceFile, MediaError> {
        let limits = Limits::from(&self.config);
        let (file, named) = self
            .workers
            .run(move || base64_text::decode(&text, limits))
            .await?;
        let mut file = self.known(file).await?;
        file.named = named.as_deref().and_then(mime::named);
        Ok(file)
    }

    async fn upload(
        &self,
        file: MediaFile,
        mimetype: Option<String>,
        file_name: Option<String>,
    ) -> Result<SourceFile, MediaError> {
        let limits = Limits::from(&self.config);
        let file = match file.content() {
            MediaContent::Memory(bytes) => Incoming::whole(limits, bytes.clone()).await?,
            MediaContent::Disk(_) if file.is_empty() => return Err(MediaError::Empty),
            MediaContent::Disk(_) if file.len() > limits.max_bytes => {
                let limit = limits.max_bytes;
                return Err(MediaError::TooLarge { limit });
            }
            MediaContent::Disk(_) => file,
        };
        let mut file = self.known(file).await?;
        file.named = mimetype.as_deref().and_then(mime::named);
        file.file_name = file_name.as_deref().and_then(file_name::clean);
        Ok(file)
    }

    /// Looks at the first bytes.
    async fn known(&self, file: MediaFile) -> Result<SourceFile, MediaError> {
        let head = self.workers.run({
            let file = file.clone();
            move || Ok(MediaReader::head(&file, mime::SNIFFED_BYTES)?)
        });
        let sniffed = mime::sniff(&head.await?);
        Ok(SourceFile {
            file,
            named: None,
            served: None,
            sniffed,
            file_name: None,
            url_name: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> SourceFile {
        SourceFile {
            file: MediaFile::in_memory("x"),
            named: None,
            served: None,
            sniffed: None,
            file_name: None,
            url_name: None,
        }
    }

    #[test]
    fn the_clients_word_counts_most_and_nothing_is_never_false() {
        let mut file = file();
        assert_eq!(file.mimetype(None, None), "application/octet-stream");
        assert_eq!(
            file.mimetype(None, Some("x.qqqq")),
            "application/octet-stream"
        );
        file.sniffed = Some("application/zip");
        assert_eq!(file.mimetype(None, None), "application/zip");
        file.served = Some("application/java-archive".to_owned());
        assert_eq!(file.mimetype(None, None), "application/java-archive");
        file.url_name = Some("x.apk".to_owned());
        assert_eq!(
            file.mimetype(None, None),
            "application/vnd.android.package-archive"
        );
        file.sniffed = Some("image/png");
        assert_eq!(file.mimetype(None, None), "image/png");
        file.file_name = Some("a.gif".to_owned());
        assert_eq!(file.mimetype(None, None), "image/gif");
        file.named = Some("image/webp".to_owned());
        assert_eq!(file.mimetype(None, None), "image/webp");
        assert_eq!(file.mimetype(None, Some("a.jpg")), "image/jpeg");
        assert_eq!(
            file.mimetype(Some("image/avif"), Some("a.jpg")),
            "image/avif"
        );
        assert_eq!(file.mimetype(Some("false"), Some("a.jpg")), "image/jpeg");
    }
}

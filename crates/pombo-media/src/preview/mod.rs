//! What is shown below a text with a link in it.
//!
//! The page is written by others and may be slow, endless or hostile: everything is bounded, and whatever goes wrong means
//! that there is no preview. A message is never held back.

mod link;
mod page;

use bytes::Bytes;
use pombo_domain::media::{LinkPreview, MediaFile};
use pombo_net::{HeaderMap, HeaderValue, OutboundClient};
use tokio::time::{Instant, timeout_at};
use tracing::debug;
use url::Url;

use crate::config::MediaConfig;
use crate::picture;
use crate::workers::Workers;

/// The longest side of the picture.
const PICTURE_SIDE: u32 = 192;

/// The longest title and description, in characters; nobody shows more.
const LONGEST_TITLE: usize = 200;
const LONGEST_DESCRIPTION: usize = 500;

/// Makes link previews.
#[derive(Debug, Clone)]
pub(crate) struct Previewer {
    client: OutboundClient,
    config: MediaConfig,
    workers: Workers,
}

impl Previewer {
    pub(crate) fn new(client: OutboundClient, config: MediaConfig, workers: Workers) -> Self {
        Self {
            client,
            config,
            workers,
        }
    }

    /// Of the first link of `text`. A picture that does not arrive in time is left out.
    pub(crate) async fn preview(&self, text: &str) -> Option<LinkPreview> {
        let link = link::first(text)?;
        let deadline = Instant::now() + self.config.preview_timeout;
        let (page, address) = match timeout_at(deadline, self.page(&link.url)).await {
            Ok(found) => found?,
            Err(_) => {
                debug!("a link preview took too long");
                return None;
            }
        };
        let facts = page::read(&page, &address);
        let title = shortened(facts.title?, LONGEST_TITLE)?;
        let thumbnail = match facts.image {
            Some(image) => timeout_at(deadline, self.picture(&image))
                .await
                .ok()
                .flatten(),
            None => None,
        };
        Some(LinkPreview {
            matched_text: link.matched,
            canonical_url: canonical(facts.canonical, &address, &link.url),
            title,
            description: facts
                .description
                .and_then(|text| shortened(text, LONGEST_DESCRIPTION)),
            thumbnail,
        })
    }

    /// The text of the page and its address after all redirects.
    async fn page(&self, url: &str) -> Option<(String, Url)> {
        let mut headers = HeaderMap::new();
        headers.insert(
            "accept",
            HeaderValue::from_static("text/html,application/xhtml+xml"),
        );
        let cap = u64::MAX;
        // What has arrived by then is read, and the rest of the time is the picture's.
        let limit = Some(self.config.preview_timeout * 4 / 5);
        let mut download = self
            .client
            .download(url, headers, cap, limit)
            .await
            .inspect_err(|error| debug!(%error, "a page could not be fetched for a preview"))
            .ok()?;
        if !download.status().is_success() {
            debug!(status = download.status().as_u16(), "a page has no preview");
            return None;
        }
        let content_type = download.headers().get("content-type");
        let content_type = content_type
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .unwrap_or_default();
        if !page::is_html(&content_type) {
            return None;
        }
        let address = Url::parse(download.url()).ok()?;
        let mut bytes = Vec::new();
        // What broke off is read as far as it goes: the head comes first.
        while let Ok(Some(chunk)) = download.chunk().await {
            let room = self.config.preview_page_bytes.saturating_sub(bytes.len());
            bytes.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
            if bytes.len() >= self.config.preview_page_bytes {
                break;
            }
        }
        Some((page::text(&bytes, &content_type), address))
    }

    async fn picture(&self, url: &Url) -> Option<Bytes> {
        let cap = self.config.preview_image_bytes;
        let limit = Some(self.config.preview_timeout);
        let download = self
            .client
            .download(url.as_str(), HeaderMap::new(), cap, limit);
        let download = download.await.ok()?;
        if !download.status().is_success() {
            return None;
        }
        let file = MediaFile::in_memory(download.read_to_end().await.ok()?);
        let max_pixels = self.config.max_pixels;
        let jpeg = self.workers.run(move || {
            let image = picture::decode(&file, max_pixels)?.image;
            picture::thumbnail(&image, PICTURE_SIDE)
        });
        jpeg.await.map(Bytes::from).ok()
    }
}

/// The page's own word for where it is, unless it names somebody else's host.
fn canonical(said: Option<Url>, address: &Url, linked: &str) -> String {
    match said {
        Some(said) if said.host() == address.host() => said.into(),
        _ => linked.to_owned(),
    }
}

/// One line of text; `None` when nothing is left.
fn shortened(text: String, longest: usize) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line: String = words.join(" ");
    if line.is_empty() {
        return None;
    }
    if line.chars().count() <= longest {
        return Some(line);
    }
    let mut cut: String = line.chars().take(longest - 1).collect();
    cut.push('…');
    Some(cut)
}

use bytes::Bytes;
use futures_util::{Stream, stream};
use http::{HeaderMap, StatusCode};
use url::Url;

use super::deadline::Deadline;
use super::error::OutboundError;

/// An answer whose body is read piece by piece. Dropping it ends the transfer.
///
/// The status may be an error, and the body then is the error page: look before keeping it.
#[derive(Debug)]
pub struct Download {
    answer: reqwest::Response,
    url: Url,
    cap: u64,
    received: u64,
    deadline: Deadline,
}

impl Download {
    /// A length announced beyond the cap is refused before anything is read.
    pub(super) fn start(
        answer: reqwest::Response,
        url: Url,
        cap: u64,
        deadline: Deadline,
    ) -> Result<Self, OutboundError> {
        if answer.content_length().is_some_and(|length| length > cap) {
            return Err(OutboundError::BodyTooLarge { limit: cap });
        }
        Ok(Self {
            answer,
            url,
            cap,
            received: 0,
            deadline,
        })
    }

    /// Where the answer came from, after all redirects.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        self.answer.status()
    }

    /// The headers of the answer.
    pub fn headers(&self) -> &HeaderMap {
        self.answer.headers()
    }

    /// The announced length in bytes; unknown for a compressed or chunked body.
    pub fn content_length(&self) -> Option<u64> {
        self.answer.content_length()
    }

    /// The next piece, `None` at the end. The pieces never add up to more than the cap.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, OutboundError> {
        let Self {
            answer,
            url,
            deadline,
            ..
        } = self;
        let next = deadline
            .keep(async {
                answer
                    .chunk()
                    .await
                    .map_err(|error| OutboundError::from_body(error, url))
            })
            .await?;
        let Some(chunk) = next else {
            return Ok(None);
        };
        self.received = self.received.saturating_add(chunk.len() as u64);
        if self.received > self.cap {
            return Err(OutboundError::BodyTooLarge { limit: self.cap });
        }
        Ok(Some(chunk))
    }

    /// Everything that is left, in memory.
    pub async fn read_to_end(mut self) -> Result<Bytes, OutboundError> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            body.extend_from_slice(&chunk);
        }
        Ok(Bytes::from(body))
    }

    /// The pieces as a stream, which ends after the first error.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, OutboundError>> + Send {
        stream::unfold(Some(self), |state| async {
            let mut download = state?;
            match download.chunk().await {
                Ok(Some(chunk)) => Some((Ok(chunk), Some(download))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        })
    }
}

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};
use url::Url;

use super::error::OutboundError;
use crate::retry::parse_retry_after;

/// An answer with its body in memory.
#[derive(Debug, Clone)]
pub struct Response {
    /// Any status, errors too.
    pub status: StatusCode,
    /// As received.
    pub headers: HeaderMap,
    /// The body, decompressed, at most `max_response_bytes` of it.
    pub body: Bytes,
    /// How many bytes were kept, when the body was longer than that.
    cut_at: Option<usize>,
}

impl Response {
    pub(super) async fn read(
        mut answer: reqwest::Response,
        url: &Url,
        cap: usize,
    ) -> Result<Self, OutboundError> {
        let mut body = Vec::new();
        let mut cut_at = None;
        while let Some(chunk) = answer
            .chunk()
            .await
            .map_err(|error| OutboundError::from_body(error, url))?
        {
            let room = cap - body.len();
            if chunk.len() > room {
                body.extend_from_slice(&chunk[..room]);
                cut_at = Some(cap);
                break;
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Self {
            status: answer.status(),
            headers: std::mem::take(answer.headers_mut()),
            body: Bytes::from(body),
            cut_at,
        })
    }

    /// The body for those who need all of it.
    pub fn complete_body(&self) -> Result<&Bytes, OutboundError> {
        match self.cut_at {
            Some(limit) => Err(OutboundError::BodyTooLarge {
                limit: limit as u64,
            }),
            None => Ok(&self.body),
        }
    }

    /// Whether the body was longer than we keep.
    pub fn is_cut(&self) -> bool {
        self.cut_at.is_some()
    }

    /// The start of the body as one line of text, for error messages: at most `max_characters`, then `…`.
    pub fn snippet(&self, max_characters: usize) -> String {
        // Four bytes are the longest character.
        let bytes = max_characters.saturating_mul(4).min(self.body.len());
        let text = String::from_utf8_lossy(&self.body[..bytes]);
        let mut snippet: String = text
            .chars()
            .take(max_characters)
            .map(|character| {
                if character.is_control() {
                    ' '
                } else {
                    character
                }
            })
            .collect();
        if text.chars().count() > max_characters || bytes < self.body.len() || self.is_cut() {
            snippet.push('…');
        }
        snippet
    }

    /// How long the server asks us to wait. See [`parse_retry_after`].
    pub fn retry_after(&self, now: SystemTime) -> Option<Duration> {
        parse_retry_after(self.headers.get(RETRY_AFTER)?.to_str().ok()?, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(body: &'static str) -> Response {
        Response {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: Bytes::from_static(body.as_bytes()),
            cut_at: None,
        }
    }

    #[test]
    fn a_snippet_is_one_short_line() {
        assert_eq!(response("all\r\nof it").snippet(20), "all  of it");
        assert_eq!(response("ação de graças").snippet(4), "ação…");
        assert_eq!(response("").snippet(4), "");
        assert_eq!(response("🐦🐦").snippet(2), "🐦🐦");
        assert_eq!(response("🐦🐦").snippet(1), "🐦…");
        assert_eq!(response("🐦🐦").snippet(usize::MAX), "🐦🐦");
    }

    #[test]
    fn a_cut_body_is_not_a_complete_one() {
        let mut cut = response("abc");
        assert_eq!(cut.complete_body().unwrap(), "abc");
        cut.cut_at = Some(3);
        assert!(matches!(
            cut.complete_body(),
            Err(OutboundError::BodyTooLarge { limit: 3 })
        ));
        assert_eq!(cut.snippet(10), "abc…");
    }
}

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Method};
use tokio::sync::mpsc;
use url::Url;

use super::config::OutboundConfig;
use super::deadline::Deadline;
use super::download::Download;
use super::error::OutboundError;
use super::hop::{Hop, check_host};
use super::resolver::{HostResolver, SystemResolver};
use super::response::Response;
use super::{http_client, redirect};

/// Sends HTTP requests to addresses that the policy allows. A clone is cheap and shares the connections.
///
/// Any answer with a status is `Ok`, a 500 too; an error means that there was no answer, or that we did not want it.
///
/// Header values marked with [`HeaderValue::set_sensitive`](http::HeaderValue::set_sensitive) are treated like
/// `Authorization`: a redirect to another origin does not see them. `user:password@` in a URL becomes basic
/// authorization and then replaces an `Authorization` header, as in axios.
#[derive(Debug, Clone)]
pub struct OutboundClient {
    http: reqwest::Client,
    config: Arc<OutboundConfig>,
}

impl OutboundClient {
    /// A client that resolves names as the operating system does.
    pub fn new(config: OutboundConfig) -> Result<Self, OutboundError> {
        Self::with_resolver(config, Arc::new(SystemResolver))
    }

    /// A client with its own idea of names. What `resolver` answers is judged like everything else.
    pub fn with_resolver(
        config: OutboundConfig,
        resolver: Arc<dyn HostResolver>,
    ) -> Result<Self, OutboundError> {
        Ok(Self {
            http: http_client::build(&config, resolver)?,
            config: Arc::new(config),
        })
    }

    /// Judges a URL without sending anything: its form, its scheme and, if the host is an address, that address.
    ///
    /// For a user's input, to answer at once. A name is judged later, at each connection.
    pub fn check_url(&self, url: &str) -> Result<(), OutboundError> {
        self.parse(url).map(drop)
    }

    /// `GET`; `timeout` replaces the one of the configuration.
    pub async fn get(
        &self,
        url: &str,
        headers: HeaderMap,
        timeout: Option<Duration>,
    ) -> Result<Response, OutboundError> {
        self.request(Method::GET, url, headers, Bytes::new(), timeout)
            .await
    }

    /// `POST`; `timeout` replaces the one of the configuration.
    ///
    /// Redirects as usual clients do: 307 and 308 repeat the `POST` with its body, 301, 302 and 303 become a `GET`.
    pub async fn post(
        &self,
        url: &str,
        headers: HeaderMap,
        body: Bytes,
        timeout: Option<Duration>,
    ) -> Result<Response, OutboundError> {
        self.request(Method::POST, url, headers, body, timeout)
            .await
    }

    /// Any method. Headers that belong to the connection (`Content-Length`, `Connection`, ...) are not taken over.
    ///
    /// An answer longer than `max_response_bytes` is cut, not refused: a receiver that answers 200 with a novel has
    /// accepted the message.
    pub async fn request(
        &self,
        method: Method,
        url: &str,
        headers: HeaderMap,
        body: Bytes,
        timeout: Option<Duration>,
    ) -> Result<Response, OutboundError> {
        let first = Hop::new(method, self.parse(url)?, headers, body);
        let deadline = Deadline::after(&first.url, timeout.unwrap_or(self.config.request_timeout));
        deadline
            .keep(async {
                let (answer, url) = self.follow(first).await?;
                Response::read(answer, &url, self.config.max_response_bytes).await
            })
            .await
    }

    /// `GET` of something large, read in pieces; more than `cap` bytes are [`OutboundError::BodyTooLarge`].
    ///
    /// `timeout` is for the whole download and replaces the one of the configuration.
    pub async fn download(
        &self,
        url: &str,
        headers: HeaderMap,
        cap: u64,
        timeout: Option<Duration>,
    ) -> Result<Download, OutboundError> {
        let first = Hop::new(Method::GET, self.parse(url)?, headers, Bytes::new());
        let deadline = Deadline::after(&first.url, timeout.unwrap_or(self.config.request_timeout));
        let (answer, url) = deadline.keep(self.follow(first)).await?;
        Download::start(answer, url, cap, deadline)
    }

    /// Any method, with a body of `length` bytes that comes in pieces and is never in memory as a whole. Redirects are not
    /// followed: the body cannot be sent again.
    pub async fn upload(
        &self,
        method: Method,
        url: &str,
        headers: HeaderMap,
        body: mpsc::Receiver<io::Result<Bytes>>,
        length: u64,
        timeout: Option<Duration>,
    ) -> Result<Response, OutboundError> {
        let hop = Hop::new(method, self.parse(url)?, headers, Bytes::new());
        hop.check_address(self.config.policy)?;
        let deadline = Deadline::after(&hop.url, timeout.unwrap_or(self.config.request_timeout));
        let body = futures_util::stream::unfold(body, |mut body| async {
            let piece = body.recv().await?;
            Some((piece, body))
        });
        deadline
            .keep(async {
                let answer = hop
                    .request(&self.http)
                    .header(CONTENT_LENGTH, length)
                    .body(reqwest::Body::wrap_stream(body))
                    .send()
                    .await
                    .map_err(|error| OutboundError::from_http(error, &hop.url, &self.config))?;
                Response::read(answer, &hop.url, self.config.max_response_bytes).await
            })
            .await
    }

    /// Sends the request and follows redirects. Yields the last answer, its body unread, and where it came from.
    async fn follow(&self, mut hop: Hop) -> Result<(reqwest::Response, Url), OutboundError> {
        let mut followed = 0;
        loop {
            hop.check_address(self.config.policy)?;
            let answer = hop
                .request(&self.http)
                .send()
                .await
                .map_err(|error| OutboundError::from_http(error, &hop.url, &self.config))?;
            let location = redirect::location(answer.status(), answer.headers());
            let Some(location) = location.filter(|_| self.config.max_redirects > 0) else {
                return Ok((answer, hop.url));
            };
            if followed == self.config.max_redirects {
                return Err(OutboundError::TooManyRedirects { limit: followed });
            }
            followed += 1;
            hop = redirect::next_hop(hop, answer.status(), location)?;
        }
    }

    fn parse(&self, url: &str) -> Result<Url, OutboundError> {
        let url = Url::parse(url).map_err(|_| OutboundError::InvalidUrl {
            reason: "it cannot be read as a URL",
        })?;
        redirect::check_scheme(&url)?;
        check_host(&url, self.config.policy)?;
        Ok(url)
    }
}

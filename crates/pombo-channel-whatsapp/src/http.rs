//! Media: the library's HTTP over ours, through the instance's proxy, in pieces.

use std::io::{self, Read};
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Buf, Bytes};
use pombo_domain::channel::ChannelError;
use pombo_net::{
    Download, HeaderMap, HeaderName, HeaderValue, Method, OutboundClient, OutboundConfig,
};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use wacore::net::{HttpClient, HttpRequest, HttpResponse, StreamingHttpResponse, UploadBody};
use whatsapp_rust::anyhow::{Context, Result, anyhow};

use crate::transport::{Route, Target};

/// For a whole file.
const FILE: Duration = Duration::from_secs(20 * 60);
/// Longest answer kept in memory; files are streamed.
const ANSWER: usize = 16 * 1024 * 1024;
/// Longest file: WhatsApp takes 2 GiB.
const LONGEST: u64 = 3 << 30;
/// Size of the pieces of an upload, and how many wait at most.
const PIECE: usize = 64 * 1024;
/// See [`PIECE`].
const PIECES: usize = 4;

/// The library's HTTP client.
pub(crate) struct MediaHttp {
    client: OutboundClient,
    target: Target,
}

impl MediaHttp {
    pub(crate) fn new(target: Target, route: Option<&Route>) -> Result<Self, ChannelError> {
        let config = OutboundConfig {
            request_timeout: FILE,
            max_response_bytes: ANSWER,
            proxy: route.map(Into::into),
            ..OutboundConfig::default()
        };
        let client =
            OutboundClient::new(config).map_err(|error| ChannelError::Failed(error.to_string()))?;
        Ok(Self { client, target })
    }

    fn prepare(&self, request: HttpRequest) -> Result<(Method, String, HeaderMap, Bytes)> {
        let method = Method::from_bytes(request.method.as_bytes())?;
        let url = self.target.media_url(&request.url)?;
        let mut headers = HeaderMap::new();
        for (name, value) in &request.headers {
            headers.insert(
                HeaderName::from_bytes(name.as_bytes())?,
                HeaderValue::from_str(value)?,
            );
        }
        Ok((method, url, headers, request.body.unwrap_or_default()))
    }
}

#[async_trait]
impl HttpClient for MediaHttp {
    async fn execute(&self, request: HttpRequest) -> Result<HttpResponse> {
        let (method, url, headers, body) = self.prepare(request)?;
        let answer = self
            .client
            .request(method, &url, headers, body, None)
            .await?;
        Ok(HttpResponse {
            status_code: answer.status.as_u16(),
            body: answer.complete_body()?.to_vec(),
        })
    }

    fn supports_streaming(&self) -> bool {
        true
    }

    /// Called on a thread that may wait.
    fn execute_streaming(&self, request: HttpRequest) -> Result<StreamingHttpResponse> {
        let (_, url, headers, _) = self.prepare(request)?;
        let runtime = Handle::try_current().context("outside of the runtime")?;
        let download = runtime.block_on(self.client.download(&url, headers, LONGEST, None))?;
        Ok(StreamingHttpResponse {
            status_code: download.status().as_u16(),
            body: Box::new(Pieces {
                runtime,
                download,
                piece: Bytes::new(),
            }),
        })
    }

    fn supports_upload_streaming(&self) -> bool {
        true
    }

    /// Called on a thread that may wait.
    fn execute_upload(
        &self,
        request: HttpRequest,
        mut body: UploadBody,
        content_length: u64,
    ) -> Result<HttpResponse> {
        let (method, url, headers, _) = self.prepare(request)?;
        let runtime = Handle::try_current().context("outside of the runtime")?;
        let (pieces, received) = mpsc::channel::<io::Result<Bytes>>(PIECES);
        let client = self.client.clone();
        let answer = runtime.spawn(async move {
            client
                .upload(method, &url, headers, received, content_length, None)
                .await
        });
        loop {
            let mut piece = vec![0; PIECE];
            let sent = match body.read(&mut piece) {
                Ok(0) => break,
                Ok(length) => {
                    piece.truncate(length);
                    pieces.blocking_send(Ok(Bytes::from(piece)))
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    // The request fails with it; nothing more follows.
                    drop(pieces.blocking_send(Err(error)));
                    break;
                }
            };
            // The other side has answered without reading everything.
            if sent.is_err() {
                break;
            }
        }
        drop(pieces);
        let answer = runtime
            .block_on(answer)
            .map_err(|error| anyhow!("the upload broke off: {error}"))??;
        Ok(HttpResponse {
            status_code: answer.status.as_u16(),
            body: answer.complete_body()?.to_vec(),
        })
    }
}

/// A download as a reader for a thread that may wait.
struct Pieces {
    runtime: Handle,
    download: Download,
    piece: Bytes,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.runtime.block_on(self.download.chunk()) {
                Ok(Some(piece)) => self.piece = piece,
                Ok(None) => return Ok(0),
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        let length = self.piece.len().min(buffer.len());
        self.piece
            .copy_to_slice(buffer.get_mut(..length).unwrap_or_default());
        Ok(length)
    }
}

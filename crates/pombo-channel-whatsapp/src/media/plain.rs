//! Uploads that are not encrypted: the files of newsletters. The library has no call for them.

use std::io::Read as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use pombo_domain::channel::ChannelError;
use pombo_domain::media::{MediaContent, MediaFile, PreparedMedia};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use wacore::download::MediaType;
use wacore::net::{HttpRequest, HttpResponse, WHATSAPP_WEB_ORIGIN};
use wacore_binary::{Jid, JidExt as _};
use whatsapp_rust::{Client, anyhow};

use super::upload::{Uploaded, blocking, open};
use crate::channel::WhatsappChannel;
use crate::query::error::of_iq;

/// What the network says of a file that it took.
#[derive(Deserialize)]
struct Taken {
    url: String,
    direct_path: String,
    handle: Option<String>,
}

/// The name of a kind of file in a path.
fn kind_of(kind: MediaType) -> &'static str {
    match kind {
        MediaType::Image => "image",
        MediaType::Video => "video",
        MediaType::Audio => "audio",
        MediaType::Sticker => "sticker",
        _ => "document",
    }
}

/// Reads a file once for its hash. Blocking.
fn hash(file: &MediaFile) -> anyhow::Result<[u8; 32]> {
    let mut hasher = Sha256::new();
    let mut reader = open(file)?;
    let mut piece = vec![0; 1 << 16];
    loop {
        match reader.read(&mut piece)? {
            0 => return Ok(hasher.finalize().into()),
            length => hasher.update(piece.get(..length).unwrap_or_default()),
        }
    }
}

impl WhatsappChannel {
    /// Uploads a file for a chat: encrypted, unless the chat is a newsletter.
    pub(crate) async fn upload_for(
        &self,
        chat: &Jid,
        client: &Arc<Client>,
        prepared: &PreparedMedia,
        kind: MediaType,
    ) -> Result<Uploaded, ChannelError> {
        if !chat.is_newsletter() {
            return self.upload(client, prepared, kind).await;
        }
        let file = prepared.file.clone();
        let file_sha256 = blocking(move || hash(&file)).await?;
        let token = BASE64_URL_SAFE_NO_PAD.encode(file_sha256);
        let path = format!("/newsletter/newsletter-{}/{token}", kind_of(kind));
        // The login to the media servers may have ended without a word.
        let mut refused = None;
        for fresh in [false, true] {
            let hosts = client.refresh_media_conn(fresh).await;
            let hosts = hosts.map_err(|error| of_iq(&error))?;
            for host in &hosts.hosts {
                let (host, auth) = (&host.hostname, &hosts.auth);
                let url = format!("https://{host}{path}?auth={auth}&token={token}");
                match self.put(client, url, prepared.file.clone()).await {
                    Ok(answer) if answer.status_code < 300 => {
                        return taken(&answer, file_sha256, prepared.file.len());
                    }
                    Ok(answer) => {
                        let status = answer.status_code;
                        refused = Some(format!("the media server answered {status}"));
                        if matches!(status, 401 | 403) {
                            break;
                        }
                    }
                    Err(error) => refused = Some(error.to_string()),
                }
            }
        }
        let why = refused.unwrap_or_else(|| "there is no media server".to_owned());
        Err(ChannelError::Failed(format!(
            "the file was not uploaded: {why}"
        )))
    }

    async fn put(
        &self,
        client: &Arc<Client>,
        url: String,
        file: MediaFile,
    ) -> anyhow::Result<HttpResponse> {
        let request = HttpRequest::post(url)
            .with_header("Content-Type", "application/octet-stream")
            .with_header("Origin", WHATSAPP_WEB_ORIGIN);
        let http = Arc::clone(&client.http_client);
        match file.content() {
            MediaContent::Memory(bytes) => http.execute(request.with_body(bytes.clone())).await,
            MediaContent::Disk(_) => {
                let length = file.len();
                tokio::task::spawn_blocking(move || {
                    http.execute_upload(request, open(&file)?, length)
                })
                .await?
            }
        }
    }
}

fn taken(
    answer: &HttpResponse,
    file_sha256: [u8; 32],
    file_length: u64,
) -> Result<Uploaded, ChannelError> {
    let taken: Taken = serde_json::from_slice(&answer.body)
        .map_err(|_| ChannelError::Failed("the media server's answer cannot be read".to_owned()))?;
    Ok(Uploaded {
        url: taken.url,
        direct_path: taken.direct_path,
        file_sha256,
        file_length,
        secret: None,
        handle: taken.handle,
        streaming_sidecar: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_hashed_piece_by_piece() {
        let bytes = vec![7; 200_000];
        let hashed = hash(&MediaFile::in_memory(bytes.clone())).expect("a hash");
        assert_eq!(hashed, <[u8; 32]>::from(Sha256::digest(&bytes)));
    }

    #[test]
    fn an_answer_without_a_place_is_an_error() {
        let answer = |body: &str| HttpResponse {
            status_code: 200,
            body: body.as_bytes().to_vec(),
        };
        let good = answer(r#"{"url": "u", "direct_path": "/p", "handle": "h"}"#);
        let uploaded = taken(&good, [1; 32], 5).expect("it was taken");
        assert_eq!(uploaded.handle.as_deref(), Some("h"));
        assert!(uploaded.secret.is_none());
        assert!(taken(&answer("{}"), [1; 32], 5).is_err());
    }
}

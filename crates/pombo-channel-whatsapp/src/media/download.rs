//! From the network to a file, and what to do when the network does not have it any more.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use pombo_domain::channel::ChannelError;
use pombo_domain::media::MediaFile;
use pombo_domain::message::MessageKey;
use pombo_domain::port::Download;
use serde_json::{Map, Value};
use tracing::debug;
use wacore::download::MediaType;
use wacore::media_retry::MediaRetryResult;
use wacore_binary::{Jid, JidExt as _};
use whatsapp_rust::download::DownloadParams;
use whatsapp_rust::features::{MediaReuploadError, MediaReuploadRequest};
use whatsapp_rust::{Client, anyhow};

use super::upload::blocking;
use super::{IN_MEMORY, temporary};
use crate::json::{read_bytes, read_whole};
use crate::query::error;

/// Wrappers within wrappers are looked into this deep.
const DEPTH: usize = 8;

/// Where a message says that its file is.
struct Located {
    /// The way to the object in the message.
    pointer: String,
    params: DownloadParams,
}

/// The kinds of content that are files.
fn media_type(kind: &str, content: &Map<String, Value>) -> Option<MediaType> {
    Some(match kind {
        "imageMessage" => MediaType::Image,
        "videoMessage" | "ptvMessage" => MediaType::Video,
        "audioMessage" => MediaType::Audio,
        "documentMessage" => MediaType::Document,
        "stickerMessage" => MediaType::Sticker,
        "stickerPackMessage" => MediaType::StickerPack,
        _ => return None,
    })
    .filter(|_| content.contains_key("directPath") || content.contains_key("url"))
}

/// The file of a message, in whatever wrapper; never that of a quoted message.
fn locate(message: &Value) -> Option<Located> {
    let (pointer, kind, content) = find(message, String::new(), DEPTH)?;
    Some(Located {
        params: params(kind, content)?,
        pointer,
    })
}

fn find(
    value: &Value,
    pointer: String,
    depth: usize,
) -> Option<(String, MediaType, &Map<String, Value>)> {
    let members = value.as_object()?;
    let deeper = depth.checked_sub(1)?;
    for (name, inner) in members {
        let Some(content) = inner.as_object() else {
            continue;
        };
        if let Some(kind) = media_type(name, content) {
            return Some((format!("{pointer}/{name}"), kind, content));
        }
    }
    members
        .iter()
        .filter(|(name, _)| {
            !matches!(
                name.as_str(),
                "contextInfo" | "quotedMessage" | "messageContextInfo"
            )
        })
        .find_map(|(name, inner)| find(inner, format!("{pointer}/{name}"), deeper))
}

fn params(media_type: MediaType, content: &Map<String, Value>) -> Option<DownloadParams> {
    let text = |name: &str| {
        content
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let bytes = |name: &str| {
        content
            .get(name)
            .and_then(read_bytes)
            .filter(|bytes| !bytes.is_empty())
    };
    let direct_path = match text("directPath") {
        Some(path) => path.to_owned(),
        None => path_of(text("url")?)?,
    };
    Some(DownloadParams {
        direct_path,
        media_key: bytes("mediaKey"),
        file_sha256: bytes("fileSha256")?,
        file_enc_sha256: bytes("fileEncSha256"),
        file_length: content.get("fileLength").and_then(read_whole).unwrap_or(0),
        media_type,
    })
}

/// Path and query of a URL.
fn path_of(url: &str) -> Option<String> {
    let rest = url.split_once("://")?.1;
    rest.find('/')
        .and_then(|start| rest.get(start..))
        .map(str::to_owned)
}

/// Whether the network said that it does not have the file any more.
fn is_gone(error: &anyhow::Error) -> bool {
    let cause: &(dyn std::error::Error + 'static) = error.as_ref();
    let mut next = Some(cause);
    while let Some(cause) = next {
        if let Some(status) = cause.downcast_ref::<whatsapp_rust::http::HttpStatusError>() {
            return matches!(status.status, 403 | 404 | 410);
        }
        next = cause.source();
    }
    false
}

/// Fetches and decrypts a message's file; asks the sender's phone for it when the network does not have it any more.
pub(crate) async fn download(
    client: &Arc<Client>,
    key: &MessageKey,
    message: &Value,
    patience: Duration,
) -> Result<Download, ChannelError> {
    let mut located = locate(message)
        .ok_or_else(|| ChannelError::Invalid("The message is not of the media type".to_owned()))?;
    let mut message = message.clone();
    let file = match fetch(client, &located.params).await {
        Ok(file) => file,
        Err(error) if is_gone(&error) => {
            debug!(
                message.id = key.id,
                "a file is gone: the phone is asked for it"
            );
            let path = again(client, key, &located.params, patience).await?;
            renew(&mut message, &located.pointer, &path);
            located.params.direct_path = path;
            fetch(client, &located.params).await.map_err(|error| {
                if is_gone(&error) {
                    nobody()
                } else {
                    failed(&error)
                }
            })?
        }
        Err(error) => return Err(failed(&error)),
    };
    Ok(Download { file, message })
}

fn nobody() -> ChannelError {
    ChannelError::NotFound("nobody has this file any more".to_owned())
}

fn failed(error: &anyhow::Error) -> ChannelError {
    match error::of_any(error) {
        ChannelError::Failed(text) => {
            ChannelError::Failed(format!("the file was not fetched: {text}"))
        }
        other => other,
    }
}

async fn fetch(client: &Arc<Client>, params: &DownloadParams) -> anyhow::Result<MediaFile> {
    // The length is what the sender says: it decides only where the file is put.
    if (1..=IN_MEMORY).contains(&params.file_length) {
        let bytes = client.download_from_params(params).await?;
        return Ok(MediaFile::in_memory(Bytes::from(bytes)));
    }
    let (file, path) = blocking(|| Ok(temporary()?.into_parts())).await?;
    let file = client.download_from_params_to_writer(params, file).await?;
    let length = blocking(move || Ok(file.metadata()?.len())).await?;
    Ok(MediaFile::on_disk(
        path.to_path_buf(),
        length,
        Arc::new(path),
    ))
}

/// Asks for the file again, and waits for its new address.
async fn again(
    client: &Arc<Client>,
    key: &MessageKey,
    params: &DownloadParams,
    patience: Duration,
) -> Result<String, ChannelError> {
    let media_key = params.media_key.as_deref().ok_or_else(nobody)?;
    let chat = error::parse(&key.remote_jid)?.into_non_ad();
    let participant = key
        .participant
        .as_deref()
        .filter(|participant| {
            !participant.is_empty() && (chat.is_group() || chat.is_status_broadcast())
        })
        .map(error::parse)
        .transpose()?
        .map(Jid::into_non_ad);
    let request = MediaReuploadRequest {
        msg_id: &key.id,
        chat_jid: &chat,
        media_key,
        is_from_me: key.from_me,
        participant: participant.as_ref(),
    };
    let reupload = client.media_reupload();
    let answer = tokio::time::timeout(patience, reupload.request(&request)).await;
    match answer {
        Err(_) | Ok(Err(MediaReuploadError::Timeout)) => Err(ChannelError::TimedOut(
            "the phone did not answer when it was asked for the file".to_owned(),
        )),
        Ok(Err(MediaReuploadError::Client(error))) => Err(error::of_client(&error)),
        Ok(Err(MediaReuploadError::NotLoggedIn)) => Err(ChannelError::NotConnected),
        Ok(Err(error)) => Err(ChannelError::Failed(error.to_string())),
        Ok(Ok(MediaRetryResult::Success { direct_path })) => Ok(direct_path),
        Ok(Ok(_)) => Err(nobody()),
    }
}

/// Writes the new address into the message.
fn renew(message: &mut Value, pointer: &str, path: &str) {
    if let Some(content) = message.pointer_mut(pointer).and_then(Value::as_object_mut) {
        content.insert("directPath".to_owned(), path.into());
        content.insert(
            "url".to_owned(),
            format!("https://mmg.whatsapp.net{path}").into(),
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::json::indexed;

    fn picture() -> Value {
        json!({
            "url": "https://mmg.whatsapp.net/v/x?ccb=1",
            "directPath": "/v/x",
            "mediaKey": indexed(&[1; 32]),
            "fileSha256": "AQID",
            "fileEncSha256": {"type": "Buffer", "data": [4]},
            "fileLength": {"low": 3309, "high": 0, "unsigned": true},
        })
    }

    #[test]
    fn a_file_is_found_in_every_wrapper() {
        for (message, pointer) in [
            (json!({"imageMessage": picture()}), "/imageMessage"),
            (
                json!({"viewOnceMessageV2": {"message": {"imageMessage": picture()}}}),
                "/viewOnceMessageV2/message/imageMessage",
            ),
            (
                json!({"ephemeralMessage": {"message": {"documentWithCaptionMessage": {"message": {"documentMessage": picture()}}}}}),
                "/ephemeralMessage/message/documentWithCaptionMessage/message/documentMessage",
            ),
            (
                json!({"templateMessage": {"hydratedTemplate": {"videoMessage": picture()}}}),
                "/templateMessage/hydratedTemplate/videoMessage",
            ),
            (
                json!({"interactiveMessage": {"header": {"imageMessage": picture()}}}),
                "/interactiveMessage/header/imageMessage",
            ),
        ] {
            let located = locate(&message).expect("it has a file");
            assert_eq!(located.pointer, pointer);
            assert_eq!(located.params.direct_path, "/v/x");
            assert_eq!(located.params.file_length, 3309);
            assert_eq!(located.params.file_sha256, [1, 2, 3]);
            assert_eq!(located.params.file_enc_sha256.as_deref(), Some(&[4][..]));
        }
    }

    #[test]
    fn a_quoted_file_is_not_the_messages() {
        for message in [
            json!({"conversation": "x"}),
            json!({"extendedTextMessage": {"text": "x", "contextInfo": {"quotedMessage": {"imageMessage": picture()}}}}),
            json!({"imageMessage": {"caption": "no file"}}),
        ] {
            assert!(locate(&message).is_none(), "{message}");
        }
    }

    #[test]
    fn an_address_can_stand_in_the_url_only() {
        let mut picture = picture();
        picture
            .as_object_mut()
            .expect("an object")
            .shift_remove("directPath");
        let located = locate(&json!({"imageMessage": picture})).expect("it has a file");
        assert_eq!(located.params.direct_path, "/v/x?ccb=1");
    }

    #[test]
    fn a_new_address_is_written_down() {
        let mut message = json!({"imageMessage": picture()});
        renew(&mut message, "/imageMessage", "/v/new");
        assert_eq!(message["imageMessage"]["directPath"], "/v/new");
        assert_eq!(
            message["imageMessage"]["url"],
            "https://mmg.whatsapp.net/v/new"
        );
    }
}

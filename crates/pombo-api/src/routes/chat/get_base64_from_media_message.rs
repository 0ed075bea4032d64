use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use http::{StatusCode, header};
use pombo_core::{base64_length, base64_stream};
use pombo_domain::channel::ChannelError;
use pombo_domain::media::MediaFile;
use serde_json::{Map, Value, json};

use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, RawBody};
use crate::state::Api;

/// `POST /chat/getBase64FromMediaMessage/{instance}`: a message's file. The body's `message` is `{key: {id}}` of a stored
/// message, or a whole message such as a webhook's `data`.
///
/// 201 with `{mediaType, fileName, caption?, size, mimetype, base64, buffer: null}`. A file that the network has forgotten is
/// asked of the sender's phone.
pub(super) async fn get_base64_from_media_message(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    body: RawBody,
) -> Result<Response, ApiError> {
    let (members, _) = body.members()?;
    let wanted = members.get("message").unwrap_or(&Value::Null);
    let mut found = api.gateway.message_file(&entry, wanted).await?;
    let to_mp4 = members.get("convertToMp4") == Some(&Value::Bool(true));
    if to_mp4 && found.kind == "audioMessage" {
        found.file = api.gateway.sound_as_mp4(&found.file).await?;
        found.mimetype = "audio/mp4".to_owned();
    }
    let content = &found.content;
    let mut size = Map::new();
    for name in ["fileLength", "height", "width"] {
        if let Some(value) = content.get(name).filter(|value| !value.is_null()) {
            size.insert(name.to_owned(), value.clone());
        }
    }
    size.entry("fileLength")
        .or_insert_with(|| found.file.len().into());
    let name = content["fileName"].as_str().map_or_else(
        || file_name(found.id.as_deref(), &found.mimetype),
        str::to_owned,
    );
    let mut answer = json!({"mediaType": found.kind, "fileName": name});
    if let Value::Object(answer) = &mut answer {
        if let Some(caption) = content["caption"].as_str().filter(|text| !text.is_empty()) {
            answer.insert("caption".to_owned(), caption.into());
        }
        answer.insert("size".to_owned(), Value::Object(size));
        answer.insert("mimetype".to_owned(), found.mimetype.into());
    }
    with_file(&answer, found.file).await
}

/// The answer with the members `base64` and `buffer` behind those of `answer`. Sent while the file is read: films are large.
async fn with_file(answer: &Value, file: MediaFile) -> Result<Response, ApiError> {
    let mut start = answer.to_string();
    // Without its closing brace.
    start.pop();
    start.push_str(r#","base64":""#);
    let end = r#"","buffer":null}"#;
    let length = start.len() as u64 + base64_length(file.len()) + end.len() as u64;
    let pieces = base64_stream(file)
        .await
        .map_err(|error| ChannelError::Failed(error.to_string()))?;
    let around = |text| stream::iter([Ok(Bytes::from(text))]);
    let body = around(start).chain(pieces).chain(around(end.to_owned()));
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::CONTENT_LENGTH, length.to_string()),
    ];
    Ok((StatusCode::CREATED, headers, Body::from_stream(body)).into_response())
}

/// `<id>.<extension>`, with the extensions that the original gives.
fn file_name(id: Option<&str>, mimetype: &str) -> String {
    let essence = mimetype.split(';').next().unwrap_or_default().trim();
    let extension = match essence {
        "audio/ogg" => "oga",
        "audio/mp4" => "m4a",
        "audio/mpeg" => "mp3",
        "video/quicktime" => "mov",
        "text/plain" => "txt",
        other => other.rsplit('/').next().unwrap_or("bin"),
    };
    format!("{}.{extension}", id.unwrap_or("file"))
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn names_have_the_extensions_of_the_original() {
        assert_eq!(file_name(Some("A"), "audio/ogg; codecs=opus"), "A.oga");
        assert_eq!(file_name(Some("A"), "image/jpeg"), "A.jpeg");
        assert_eq!(file_name(None, ""), "file.");
    }
}

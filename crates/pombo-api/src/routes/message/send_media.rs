use std::sync::LazyLock;

use axum::extract::State;
use pombo_domain::message::{Media, MediaKind, MediaSource, OutgoingContent, SendAction};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::media_source::Source;
use super::options::{Options, flatten, number, with_options};
use super::send::{Sent, send};
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidForm};
use crate::schema::Schema;
use crate::state::Api;

/// `POST /message/sendMedia/{instance}`: sends a picture, a film, a sound or a document, from a URL, as base64, or from the
/// form field `file`.
///
/// 201 with the stored message. 400 for a source that is none of these.
pub(super) async fn send_media(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidForm(request, upload): ValidForm<SendMedia>,
) -> Result<Sent, ApiError> {
    let source = Source::read(request.media.as_deref(), upload);
    let kind = MediaKind::parse(&request.mediatype)
        .ok_or_else(|| ApiError::bad_request("Owned media must be a url or base64"))?;
    let file_name = request.file_name.filter(|name| !name.is_empty());
    let is_base64 = matches!(
        &source,
        Some(Source {
            source: MediaSource::Base64(_),
            ..
        })
    );
    if is_base64 && kind == MediaKind::Document && file_name.is_none() {
        return Err(ApiError::bad_request(
            "For base64 the file name must be informed.",
        ));
    }
    let Source { source, mimetype } =
        source.ok_or_else(|| ApiError::bad_request("Owned media must be a url or base64"))?;
    let content = OutgoingContent::Media(Media {
        kind,
        source,
        mimetype: request
            .mimetype
            .filter(|mimetype| !mimetype.is_empty())
            .or(mimetype),
        caption: request.caption.filter(|caption| !caption.is_empty()),
        file_name,
    });
    send(
        &api,
        &entry,
        SendAction::Media,
        request.options.outgoing(request.number, content),
    )
    .await
}

#[derive(Deserialize)]
pub(super) struct SendMedia {
    number: String,
    mediatype: String,
    media: Option<String>,
    mimetype: Option<String>,
    caption: Option<String>,
    #[serde(rename = "fileName")]
    file_name: Option<String>,
    #[serde(flatten)]
    options: Options,
}

impl Checked for SendMedia {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            let schema = Schema::object()
                .property("number", number())
                .property(
                    "mediatype",
                    Schema::string().one_of(&["image", "document", "video", "audio"]),
                )
                .properties(
                    &["mimetype", "media", "fileName", "caption"],
                    &Schema::string(),
                );
            with_options(schema).required(&["number", "mediatype"])
        });
        &SCHEMA
    }

    fn prepare(body: &mut Map<String, Value>) {
        flatten(body, "mediaMessage");
    }
}

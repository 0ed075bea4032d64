use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_core::Pictures;
use pombo_domain::message::{Media, MediaKind, Outgoing, OutgoingContent, SendAction};
use serde::Deserialize;
use serde_json::{Value, json};

use super::media_source::Source;
use super::options::{Options, number, with_options};
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::schema::Schema;
use crate::state::Api;

/// `POST /message/sendAlbum/{instance}`: sends pictures and films that phones show as one album. Not known to the original.
///
/// 201 with `{album, messages}`: the message that announced it, and its parts in their order, `{error}` for one that was not sent.
pub(super) async fn send_album(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<SendAlbum>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    api.gateway.check_support(&entry, SendAction::Album)?;
    let mut count = Pictures {
        images: 0,
        videos: 0,
    };
    let mut parts = Vec::with_capacity(request.medias.len());
    for media in request.medias {
        let media = media.read()?;
        match media.kind {
            MediaKind::Video => count.videos += 1,
            MediaKind::Image | MediaKind::Audio | MediaKind::Document => count.images += 1,
        }
        let content = OutgoingContent::Media(media);
        parts.push(Options::default().outgoing(request.number.clone(), content));
    }
    let nothing = OutgoingContent::Text {
        text: String::new(),
    };
    let announcement: Outgoing = request.options.outgoing(request.number, nothing);
    let patience = api.config.request_timeout;
    let album = api
        .gateway
        .send_album(&entry, announcement, count, parts, patience)
        .await?;
    let messages: Vec<Value> = album
        .parts
        .into_iter()
        .map(|part| match part {
            Ok(message) => json!(message.record()),
            Err(error) => json!({"error": ApiError::from(error).text()}),
        })
        .collect();
    let answer = json!({"album": album.announced.record(), "messages": messages});
    Ok((StatusCode::CREATED, Json(answer)))
}

#[derive(Deserialize)]
pub(super) struct SendAlbum {
    number: String,
    medias: Vec<Part>,
    #[serde(flatten)]
    options: Options,
}

#[derive(Deserialize)]
struct Part {
    mediatype: String,
    media: String,
    mimetype: Option<String>,
    caption: Option<String>,
    #[serde(rename = "fileName")]
    file_name: Option<String>,
}

impl Part {
    fn read(self) -> Result<Media, ApiError> {
        let kind = MediaKind::parse(&self.mediatype);
        let source = Source::read(Some(&self.media), None);
        let (Some(kind), Some(Source { source, mimetype })) = (kind, source) else {
            return Err(ApiError::bad_request("Owned media must be a url or base64"));
        };
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        Ok(Media {
            kind,
            source,
            mimetype: given(self.mimetype).or(mimetype),
            caption: given(self.caption),
            file_name: given(self.file_name),
        })
    }
}

impl Checked for SendAlbum {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            let part = Schema::object()
                .property("mediatype", Schema::string().one_of(&["image", "video"]))
                .properties(
                    &["media", "mimetype", "caption", "fileName"],
                    &Schema::string(),
                )
                .required(&["mediatype", "media"]);
            let medias = Schema::array().min_items(2).max_items(30).items(part);
            let schema = Schema::object()
                .property("number", number())
                .property("medias", medias);
            with_options(schema).required(&["number", "medias"])
        });
        &SCHEMA
    }
}

use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_core::Gateway;
use pombo_domain::newsletter::{Newsletter, NewsletterPatch};
use serde::Deserialize;

use super::schemas;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::routes::message::Source;
use crate::schema::Schema;
use crate::state::Api;

/// `POST /newsletter/update/{instance}`: changes a newsletter that the account runs; what is not named stays.
///
/// `picture` is a URL or base64, empty removes it; `reactions` is `all`, `basic` or `none`. 201 with the newsletter.
pub(super) async fn update(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<Update>,
) -> Result<(StatusCode, Json<Newsletter>), ApiError> {
    let picture = match request.picture.as_deref() {
        Some("") => Some(bytes::Bytes::new()),
        Some(picture) => Some(picture_of(&api, picture).await?),
        None => None,
    };
    let patch = NewsletterPatch {
        name: request.name.clone(),
        description: request.description.clone(),
        picture,
        reactions: request.reactions.clone(),
    };
    if patch == NewsletterPatch::default() {
        return Err(ApiError::bad_request(
            "Nothing to change: name, description, picture or reactions",
        ));
    }
    let channel = api.gateway.channel(&entry)?;
    let newsletters = Gateway::newsletters(&entry, &*channel)?;
    let changed = newsletters.update(&request.newsletter_jid, &patch).await?;
    Ok((StatusCode::CREATED, Json(changed)))
}

/// A picture from a URL or base64, scaled.
pub(super) async fn picture_of(api: &Api, picture: &str) -> Result<bytes::Bytes, ApiError> {
    let source = Source::read(Some(picture), None)
        .ok_or_else(|| ApiError::bad_request("picture must be a url or base64"))?;
    Ok(api.gateway.prepared_picture(source.source).await?.image)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Update {
    newsletter_jid: String,
    name: Option<String>,
    description: Option<String>,
    picture: Option<String>,
    reactions: Option<String>,
}

impl Checked for Update {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::update);
        &SCHEMA
    }
}

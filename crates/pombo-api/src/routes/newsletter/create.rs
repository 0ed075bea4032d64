use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_core::Gateway;
use pombo_domain::newsletter::{Newsletter, NewsletterPatch};
use serde::Deserialize;

use super::schemas;
use super::update::picture_of;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::schema::Schema;
use crate::state::Api;

/// `POST /newsletter/create/{instance}`: makes a newsletter of the account's own.
///
/// 201 with it: `{id, name, description, inviteCode, inviteLink, creation, subscribers, verified, state, role, muted, reactions,
/// picture?}`.
pub(super) async fn create(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<Create>,
) -> Result<(StatusCode, Json<Newsletter>), ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let newsletters = Gateway::newsletters(&entry, &*channel)?;
    let picture = match request.picture.as_deref() {
        Some(picture) => Some(picture_of(&api, picture).await?),
        None => None,
    };
    let new = NewsletterPatch {
        name: Some(request.name.clone()),
        description: request.description.clone(),
        picture,
        reactions: None,
    };
    let made = newsletters.create(&new).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Create {
    name: String,
    description: Option<String>,
    picture: Option<String>,
}

impl Checked for Create {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::create);
        &SCHEMA
    }
}

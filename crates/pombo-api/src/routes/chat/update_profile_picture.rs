use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::routes::answer::{failed, updated};
use crate::routes::message::Source;
use crate::routes::schemas;
use crate::schema::Schema;
use crate::state::Api;

/// `POST /chat/updateProfilePicture/{instance}`: sets the account's picture from a URL or base64.
///
/// 200 with `{update: "success"}`. 400 for what is neither.
pub(super) async fn update_profile_picture(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<UpdateProfilePicture>,
) -> Result<Json<Value>, ApiError> {
    let source = Source::read(request.picture.as_deref(), None)
        .ok_or_else(|| ApiError::bad_request("Owned media must be a url or base64"))?;
    api.gateway
        .set_picture(&entry, Some(source.source))
        .await
        .map_err(|error| {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            failed(status, "Error updating profile picture", error)
        })?;
    Ok(Json(updated()))
}

#[derive(Deserialize)]
pub(super) struct UpdateProfilePicture {
    picture: Option<String>,
}

impl Checked for UpdateProfilePicture {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::profile_picture);
        &SCHEMA
    }
}

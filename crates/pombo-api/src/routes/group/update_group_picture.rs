use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_core::Gateway;
use serde::Deserialize;
use serde_json::Value;

use super::failure::failed;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, GroupJson};
use crate::routes::answer::updated;
use crate::routes::message::Source;
use crate::routes::schemas;
use crate::schema::Schema;
use crate::state::Api;

/// `POST /group/updateGroupPicture/{instance}`: sets a group's picture from a URL or base64.
///
/// 201 with `{update: "success"}`.
pub(super) async fn update_group_picture(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    GroupJson(request): GroupJson<UpdateGroupPicture>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    Gateway::groups(&entry, &*api.gateway.channel(&entry)?)?;
    let source = Source::read(Some(&request.image), None)
        .ok_or_else(|| ApiError::bad_request("Owned media must be a url or base64"))?;
    api.gateway
        .set_group_picture(&entry, &request.group, Some(source.source))
        .await
        .map_err(|error| {
            failed(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Error update group picture",
                error,
            )
        })?;
    Ok((StatusCode::CREATED, Json(updated())))
}

#[derive(Deserialize)]
pub(super) struct UpdateGroupPicture {
    #[serde(rename = "groupJid")]
    group: String,
    image: String,
}

impl Checked for UpdateGroupPicture {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::group_image);
        &SCHEMA
    }
}

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_core::Gateway;
use serde_json::Value;

use super::failure::failed;
use super::request::OfGroup;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, GroupJson};
use crate::routes::answer::updated;
use crate::state::Api;

/// `DELETE /group/removeGroupPicture/{instance}`: takes a group's picture away.
///
/// 200 with `{update: "success"}`.
pub(super) async fn remove_group_picture(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    GroupJson(request): GroupJson<OfGroup>,
) -> Result<Json<Value>, ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let groups = Gateway::groups(&entry, &*channel)?;
    groups
        .set_picture(&request.group, None)
        .await
        .map_err(|error| {
            failed(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Error update group picture",
                error,
            )
        })?;
    Ok(Json(updated()))
}

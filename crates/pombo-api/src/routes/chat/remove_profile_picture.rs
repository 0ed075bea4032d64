use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde_json::Value;

use crate::error::ApiError;
use crate::extract::AuthorisedInstance;
use crate::routes::answer::{failed, updated};
use crate::state::Api;

/// `DELETE /chat/removeProfilePicture/{instance}`: removes the account's picture.
///
/// 200 with `{update: "success"}`.
pub(super) async fn remove_profile_picture(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
) -> Result<Json<Value>, ApiError> {
    api.gateway
        .set_picture(&entry, None)
        .await
        .map_err(|error| {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            failed(status, "Error removing profile picture", error)
        })?;
    Ok(Json(updated()))
}

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde_json::{Value, json};

use super::failure::failed;
use super::request::OfGroup;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, GroupJson};
use crate::state::Api;

/// `GET /group/participants/{instance}`: the members of a group, with their names and pictures.
///
/// 200 with `{participants: [{id, phoneNumber?, lid?, admin, name, imgUrl}]}`.
pub(super) async fn participants(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    GroupJson(request): GroupJson<OfGroup>,
) -> Result<Json<Value>, ApiError> {
    let members = api
        .gateway
        .group_members(&entry, &request.group)
        .await
        .map_err(|error| failed(StatusCode::NOT_FOUND, "No participants", error))?;
    Ok(Json(json!({"participants": members})))
}

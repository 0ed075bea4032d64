use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_core::Gateway;
use serde_json::{Value, json};

use super::failure::failed;
use super::request::OfInvite;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, QueryJson};
use crate::state::Api;

/// `GET /group/inviteInfo/{instance}`: the group that an invite code leads to.
///
/// 200 with the group, as far as it is shown to those outside.
pub(super) async fn invite_info(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    QueryJson(request): QueryJson<OfInvite>,
) -> Result<Json<Value>, ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let groups = Gateway::groups(&entry, &*channel)?;
    let group = groups
        .invited(&request.code)
        .await
        .map_err(|error| failed(StatusCode::NOT_FOUND, "No invite info", error))?;
    Ok(Json(json!(group)))
}

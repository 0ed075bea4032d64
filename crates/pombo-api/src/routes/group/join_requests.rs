use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_core::Gateway;
use serde_json::{Value, json};

use super::failure::failed;
use super::request::OfGroup;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, GroupJson};
use crate::state::Api;

/// `GET /group/joinRequests/{instance}`: who waits for an admin to be let in.
///
/// 200 with `{joinRequests: [{id, phoneNumber?, lid?, requestTime}]}`.
pub(super) async fn join_requests(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    GroupJson(request): GroupJson<OfGroup>,
) -> Result<Json<Value>, ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let groups = Gateway::groups(&entry, &*channel)?;
    let requests = groups
        .join_requests(&request.group)
        .await
        .map_err(|error| failed(StatusCode::NOT_FOUND, "No join requests", error))?;
    Ok(Json(json!({"joinRequests": requests})))
}

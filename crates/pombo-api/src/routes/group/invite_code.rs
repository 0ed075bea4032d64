use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_core::{Gateway, INVITE_URL};
use serde_json::{Value, json};

use super::failure::failed;
use super::request::OfGroup;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, GroupJson};
use crate::state::Api;

/// `GET /group/inviteCode/{instance}`: the code of the invite link.
///
/// 200 with `{inviteUrl, inviteCode}`.
pub(super) async fn invite_code(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    GroupJson(request): GroupJson<OfGroup>,
) -> Result<Json<Value>, ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let groups = Gateway::groups(&entry, &*channel)?;
    let code = groups
        .invite_code(&request.group, false)
        .await
        .map_err(|error| failed(StatusCode::NOT_FOUND, "No invite code", error))?;
    let url = format!("{INVITE_URL}{code}");
    Ok(Json(json!({"inviteUrl": url, "inviteCode": code})))
}

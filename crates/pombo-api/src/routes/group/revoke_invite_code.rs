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

/// `POST /group/revokeInviteCode/{instance}`: a new code; the old one is worth nothing from then on.
///
/// 201 with `{revoked: true, inviteCode}`.
pub(super) async fn revoke_invite_code(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    GroupJson(request): GroupJson<OfGroup>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let groups = Gateway::groups(&entry, &*channel)?;
    let code = groups
        .invite_code(&request.group, true)
        .await
        .map_err(|error| failed(StatusCode::NOT_FOUND, "Revoke error", error))?;
    Ok((
        StatusCode::CREATED,
        Json(json!({"revoked": true, "inviteCode": code})),
    ))
}

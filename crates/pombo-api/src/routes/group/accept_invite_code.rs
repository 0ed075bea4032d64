use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_core::Gateway;
use pombo_domain::group::Joining;
use serde_json::{Value, json};

use super::failure::failed;
use super::request::OfInvite;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, QueryJson};
use crate::state::Api;

/// `GET /group/acceptInviteCode/{instance}`: joins by an invite code.
///
/// 200 with `{accepted: true, groupJid}`; where admins approve new members `{accepted: false, pendingApproval: true, groupJid}`.
pub(super) async fn accept_invite_code(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    QueryJson(request): QueryJson<OfInvite>,
) -> Result<Json<Value>, ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let groups = Gateway::groups(&entry, &*channel)?;
    let joining = groups
        .join(&request.code)
        .await
        .map_err(|error| failed(StatusCode::NOT_FOUND, "Accept invite error", error))?;
    let answer = match joining {
        Joining::Joined(group) => json!({"accepted": true, "groupJid": group}),
        Joining::Asked(group) => {
            json!({"accepted": false, "pendingApproval": true, "groupJid": group})
        }
    };
    Ok(Json(answer))
}

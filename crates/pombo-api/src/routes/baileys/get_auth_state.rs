use axum::Json;
use axum::extract::State;
use pombo_core::Gateway;
use serde_json::Value;

use crate::error::ApiError;
use crate::extract::AuthorisedInstance;
use crate::state::Api;

/// `POST /baileys/getAuthState/{instance}`: the account, and what its phone signed for this device.
///
/// 200 with `{me: {id, lid, name}, account: {details, accountSignatureKey, accountSignature, deviceSignature}}`, bytes in base64. No
/// private key is among them.
pub(super) async fn get_auth_state(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
) -> Result<Json<Value>, ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let protocol = Gateway::protocol(&entry, &*channel)?;
    Ok(Json(protocol.auth_state().await?))
}

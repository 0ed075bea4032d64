use axum::Json;
use axum::extract::State;
use pombo_core::Gateway;

use crate::error::ApiError;
use crate::extract::AuthorisedInstance;
use crate::state::Api;

/// `POST /baileys/resetSessions/{instance}`: forgets the encryption sessions with the account's own phone; the next message builds new
/// ones. The cure when the phone shows "Waiting for this message" for what the instance sends. Not known to the original.
///
/// 200 with `true`.
pub(super) async fn reset_sessions(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
) -> Result<Json<bool>, ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let protocol = Gateway::protocol(&entry, &*channel)?;
    protocol.reset_own_sessions().await?;
    Ok(Json(true))
}

use axum::Json;
use axum::extract::State;
use pombo_core::Gateway;

use crate::error::ApiError;
use crate::extract::AuthorisedInstance;
use crate::state::Api;

/// `POST /baileys/generateMessageTag/{instance}`: an id for a stanza.
///
/// 200 with a JSON text.
pub(super) async fn generate_message_tag(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
) -> Result<Json<String>, ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let protocol = Gateway::protocol(&entry, &*channel)?;
    Ok(Json(protocol.message_tag().await?))
}

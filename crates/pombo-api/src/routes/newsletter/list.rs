use axum::Json;
use axum::extract::State;
use pombo_core::Gateway;
use pombo_domain::newsletter::Newsletter;

use crate::error::ApiError;
use crate::extract::AuthorisedInstance;
use crate::state::Api;

/// `GET /newsletter/list/{instance}`: all newsletters that the account follows, its own among them.
pub(super) async fn list(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
) -> Result<Json<Vec<Newsletter>>, ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let newsletters = Gateway::newsletters(&entry, &*channel)?;
    Ok(Json(newsletters.followed().await?))
}

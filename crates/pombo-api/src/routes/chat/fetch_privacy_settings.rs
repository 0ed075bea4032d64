use axum::Json;
use axum::extract::State;
use pombo_core::Gateway;
use pombo_domain::profile::Privacy;

use crate::error::ApiError;
use crate::extract::AuthorisedInstance;
use crate::state::Api;

/// `GET /chat/fetchPrivacySettings/{instance}`: who may see what, six settings.
pub(super) async fn fetch_privacy_settings(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
) -> Result<Json<Privacy>, ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let profiles = Gateway::profiles(&entry, &*channel)?;
    Ok(Json(profiles.privacy().await?))
}

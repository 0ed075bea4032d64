use axum::Json;
use axum::extract::State;
use pombo_core::Gateway;
use serde_json::{Value, json};

use super::named;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Query};
use crate::state::Api;

/// `GET /newsletter/adminInvites/{instance}?newsletterJid=`: who was asked to become an admin, and has not answered.
///
/// 200 with `{invites: [{id, phoneNumber?}]}`.
pub(super) async fn admin_invites(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    query: Query,
) -> Result<Json<Value>, ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let newsletters = Gateway::newsletters(&entry, &*channel)?;
    let invites = newsletters.pending_admins(named(&query)?).await?;
    Ok(Json(json!({ "invites": invites })))
}

use axum::Json;
use axum::extract::State;
use pombo_core::Gateway;
use serde_json::Value;

use super::named;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Query};
use crate::routes::answer::updated;
use crate::state::Api;

/// `DELETE /newsletter/delete/{instance}?newsletterJid=`: ends a newsletter that the account owns, for everybody.
///
/// 200 with `{update: "success"}`.
pub(super) async fn delete(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    query: Query,
) -> Result<Json<Value>, ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let newsletters = Gateway::newsletters(&entry, &*channel)?;
    newsletters.delete(named(&query)?).await?;
    Ok(Json(updated()))
}

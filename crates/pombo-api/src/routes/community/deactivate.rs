use axum::Json;
use axum::extract::State;
use pombo_core::Gateway;
use serde_json::Value;

use super::named;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Query};
use crate::routes::answer::updated;
use crate::state::Api;

/// `DELETE /community/deactivate/{instance}?communityJid=`: ends a community. Its groups live on by themselves.
///
/// 200 with `{update: "success"}`.
pub(super) async fn deactivate(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    query: Query,
) -> Result<Json<Value>, ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let communities = Gateway::communities(&entry, &*channel)?;
    communities.deactivate(named(&query)?).await?;
    Ok(Json(updated()))
}

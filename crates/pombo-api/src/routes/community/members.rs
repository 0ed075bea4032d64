use axum::Json;
use axum::extract::State;
use pombo_core::Gateway;
use serde_json::{Value, json};

use super::named;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Query};
use crate::state::Api;

/// `GET /community/members/{instance}?communityJid=`: everybody who is in some group of a community.
///
/// 200 with `{participants: [{id, phoneNumber?, lid?, admin}]}`.
pub(super) async fn members(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    query: Query,
) -> Result<Json<Value>, ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let communities = Gateway::communities(&entry, &*channel)?;
    let participants = communities.members(named(&query)?).await?;
    Ok(Json(json!({ "participants": participants })))
}

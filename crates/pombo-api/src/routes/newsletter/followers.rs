use axum::Json;
use axum::extract::State;
use pombo_core::Gateway;
use serde_json::{Value, json};

use super::named;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Query};
use crate::state::Api;

/// How many an answer has when the query does not say.
const COUNT: u64 = 100;

/// `GET /newsletter/followers/{instance}?newsletterJid=&count=`: who follows a newsletter that the account runs.
///
/// 200 with `{followers: [{id, phoneNumber?, name?, role?, since?}]}`, at most `count` (100).
pub(super) async fn followers(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    query: Query,
) -> Result<Json<Value>, ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let newsletters = Gateway::newsletters(&entry, &*channel)?;
    let count = query.number("count").unwrap_or(COUNT);
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    let followers = newsletters.followers(named(&query)?, count).await?;
    Ok(Json(json!({ "followers": followers })))
}

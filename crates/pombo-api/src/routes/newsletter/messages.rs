use axum::Json;
use axum::extract::State;
use pombo_core::Gateway;
use serde_json::{Value, json};

use super::named;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Query};
use crate::state::Api;

/// How many posts an answer has, and how many at most.
const COUNT: u64 = 50;
const MOST: u64 = 100;

/// `GET /newsletter/messages/{instance}?newsletterJid=&count=&before=`: posts, as WhatsApp has them now, oldest first.
///
/// 200 with `{messages: [{key, messageType, message, messageTimestamp, editedTimestamp?, deleted, views?, reactions: [{reaction, count}]}]}`;
/// `before` is a `key.server_id`, and the answer has the newest `count` (50, at most 100) before it.
pub(super) async fn messages(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    query: Query,
) -> Result<Json<Value>, ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let newsletters = Gateway::newsletters(&entry, &*channel)?;
    let jid = named(&query)?;
    let count = query.number("count").unwrap_or(COUNT).min(MOST);
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    let messages = newsletters
        .posts(jid, count, query.number("before"))
        .await?;
    Ok(Json(json!({ "messages": messages })))
}

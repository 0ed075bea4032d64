use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_core::Gateway;
use serde::Deserialize;
use serde_json::Value;

use super::schemas;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::routes::answer::updated;
use crate::routes::message::emoji;
use crate::schema::Schema;
use crate::state::Api;

/// `POST /newsletter/react/{instance}`: gives a post an emoji; an empty `reaction` takes it back.
///
/// The post is named by its `key.server_id`; `/message/sendReaction` does the same with a whole key. 201 with `{update: "success"}`.
pub(super) async fn react(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<React>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let newsletters = Gateway::newsletters(&entry, &*channel)?;
    let number = match &request.server_id {
        ServerId::Number(number) => Some(*number),
        ServerId::Text(text) => text.parse().ok(),
    };
    let number = number.ok_or_else(|| ApiError::bad_request("serverId must be a number"))?;
    if !request.reaction.is_empty() && !emoji::is_single(&request.reaction) {
        return Err(ApiError::bad_request(
            "Reaction must be a single emoji or empty string",
        ));
    }
    newsletters
        .react(&request.newsletter_jid, number, &request.reaction)
        .await?;
    Ok((StatusCode::CREATED, Json(updated())))
}

/// A number, or the text that keys have.
#[derive(Deserialize)]
#[serde(untagged)]
enum ServerId {
    Number(u64),
    Text(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct React {
    newsletter_jid: String,
    server_id: ServerId,
    reaction: String,
}

impl Checked for React {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::react);
        &SCHEMA
    }
}

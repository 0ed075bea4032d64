use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_domain::message::MessageKey;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::routes::answer::failed;
use crate::routes::schemas;
use crate::schema::Schema;
use crate::state::Api;

/// `POST /chat/markMessageAsPlayed/{instance}`: tells the senders that their voice notes were heard. Not known to the original.
///
/// 201.
pub(super) async fn mark_message_as_played(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<MarkMessageAsPlayed>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    api.gateway
        .mark_played(&entry, request.played_messages)
        .await
        .map_err(|error| failed(StatusCode::BAD_REQUEST, "Played messages fail", error))?;
    let done = json!({"message": "Played messages", "played": "success"});
    Ok((StatusCode::CREATED, Json(done)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MarkMessageAsPlayed {
    played_messages: Vec<MessageKey>,
}

impl Checked for MarkMessageAsPlayed {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::played_messages);
        &SCHEMA
    }
}

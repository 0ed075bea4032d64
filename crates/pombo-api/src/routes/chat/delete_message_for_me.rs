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

/// `DELETE /chat/deleteMessageForMe/{instance}`: removes a message from all devices of the account, and from nobody else's. Not
/// known to the original.
///
/// 201 with `{key, deleted: true}`.
pub(super) async fn delete_message_for_me(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<DeleteMessageForMe>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let mut key = MessageKey::new(request.id, request.remote_jid, request.from_me);
    key.participant = request.participant;
    let key = api
        .gateway
        .delete_for_me(&entry, key)
        .await
        .map_err(|error| {
            failed(
                StatusCode::BAD_REQUEST,
                "The message was not deleted",
                error,
            )
        })?;
    Ok((
        StatusCode::CREATED,
        Json(json!({"key": key, "deleted": true})),
    ))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeleteMessageForMe {
    id: String,
    remote_jid: String,
    from_me: bool,
    participant: Option<String>,
}

impl Checked for DeleteMessageForMe {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::delete_message);
        &SCHEMA
    }
}

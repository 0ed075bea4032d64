use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_domain::message::MessageKey;
use serde::Deserialize;
use serde_json::Value;

use super::raw_message::raw;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::routes::answer::failed;
use crate::routes::schemas;
use crate::schema::Schema;
use crate::state::Api;

/// `DELETE /chat/deleteMessageForEveryone/{instance}`: deletes a message for everyone.
///
/// 201 with the message that did it. Somebody else's message in a group needs an admin.
pub(super) async fn delete_message_for_everyone(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<DeleteMessageForEveryone>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let mut key = MessageKey::new(request.id, request.remote_jid, request.from_me);
    key.participant = request.participant;
    let done = api
        .gateway
        .delete_for_everyone(&entry, key)
        .await
        .map_err(|error| {
            let context = "Error while deleting message for everyone";
            failed(StatusCode::INTERNAL_SERVER_ERROR, context, error)
        })?;
    Ok((StatusCode::CREATED, Json(raw(&done))))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeleteMessageForEveryone {
    id: String,
    remote_jid: String,
    from_me: bool,
    participant: Option<String>,
}

impl Checked for DeleteMessageForEveryone {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::delete_message);
        &SCHEMA
    }
}

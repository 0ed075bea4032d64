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

/// `POST /chat/markMessageAsRead/{instance}`: tells the senders that their messages were read.
///
/// 201. LIDs and members of groups are understood too.
pub(super) async fn mark_message_as_read(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<MarkMessageAsRead>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    api.gateway
        .mark_read(&entry, request.read_messages)
        .await
        .map_err(|error| failed(status, "Read messages fail", error))?;
    let done = json!({"message": "Read messages", "read": "success"});
    Ok((StatusCode::CREATED, Json(done)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MarkMessageAsRead {
    read_messages: Vec<MessageKey>,
}

impl Checked for MarkMessageAsRead {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::read_messages);
        &SCHEMA
    }
}

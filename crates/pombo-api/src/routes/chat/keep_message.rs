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

/// `POST /chat/keepMessage/{instance}`: keeps a message in a chat whose messages disappear, or not any more. Not known to the
/// original.
///
/// 201 with `{key, kept}`: the key of the message that does it.
pub(super) async fn keep_message(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<KeepMessage>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let key = api
        .gateway
        .keep_message(&entry, request.key, request.keep)
        .await
        .map_err(|error| failed(StatusCode::BAD_REQUEST, "The message was not kept", error))?;
    Ok((
        StatusCode::CREATED,
        Json(json!({"key": key, "kept": request.keep})),
    ))
}

#[derive(Deserialize)]
pub(super) struct KeepMessage {
    key: MessageKey,
    keep: bool,
}

impl Checked for KeepMessage {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::keep_message);
        &SCHEMA
    }
}

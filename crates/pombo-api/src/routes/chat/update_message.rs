use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use pombo_core::EditError;
use pombo_domain::message::MessageKey;
use serde::Deserialize;
use serde_json::Value;

use super::raw_message::raw;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::routes::schemas;
use crate::schema::Schema;
use crate::state::Api;

/// `POST /chat/updateMessage/{instance}`: replaces the text or caption of a message of the account's own.
///
/// 200 with the message that did it. 404 when the message is not stored; 400 when it is not the account's own, was deleted, has
/// no text, or was sent more than 15 minutes ago.
pub(super) async fn update_message(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<UpdateMessage>,
) -> Result<Json<Value>, ApiError> {
    let number = request.number.unwrap_or_default();
    let done = api
        .gateway
        .edit(&entry, &number, &request.key, &request.text)
        .await;
    match done {
        Ok(done) => Ok(Json(raw(&done))),
        Err(EditError::Send(error)) => Err(error.into()),
        Err(error @ EditError::NotFound) => Err(ApiError::not_found(error.to_string())),
        Err(
            error @ (EditError::OtherChat
            | EditError::NotMine
            | EditError::Deleted
            | EditError::NotEditable
            | EditError::TooOld),
        ) => Err(ApiError::bad_request(error.to_string())),
    }
}

#[derive(Deserialize)]
pub(super) struct UpdateMessage {
    number: Option<String>,
    text: String,
    key: MessageKey,
}

impl Checked for UpdateMessage {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::update_message);
        &SCHEMA
    }
}

use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::routes::answer::failed;
use crate::routes::schemas;
use crate::schema::Schema;
use crate::state::Api;

/// `POST /chat/pinChat/{instance}`: pins a chat above others on all devices of the account, or not any more. Not known to the
/// original.
///
/// 201 with `{chatId, pinned}`.
pub(super) async fn pin_chat(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<PinChat>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let jid = api
        .gateway
        .pin_chat(&entry, &request.chat, request.pin)
        .await
        .map_err(|error| failed(StatusCode::BAD_REQUEST, "The chat was not pinned", error))?;
    Ok((
        StatusCode::CREATED,
        Json(json!({"chatId": jid, "pinned": request.pin})),
    ))
}

#[derive(Deserialize)]
pub(super) struct PinChat {
    chat: String,
    pin: bool,
}

impl Checked for PinChat {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::pin_chat);
        &SCHEMA
    }
}

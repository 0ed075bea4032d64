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

/// `POST /chat/muteChat/{instance}`: silences a chat on all devices of the account for `duration` seconds (without one: for ever), or
/// not any more. Not known to the original.
///
/// 201 with `{chatId, muted, mutedUntil}`: milliseconds since the epoch, -1 for ever, `null` when not muted.
pub(super) async fn mute_chat(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<MuteChat>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let until = request.mute.then(|| match request.duration {
        Some(seconds) => {
            let now = api.gateway.now().millis();
            now.saturating_add(seconds.saturating_mul(1000))
        }
        None => -1,
    });
    let jid = api
        .gateway
        .mute_chat(&entry, &request.chat, until)
        .await
        .map_err(|error| failed(StatusCode::BAD_REQUEST, "The chat was not muted", error))?;
    let done = json!({"chatId": jid, "muted": request.mute, "mutedUntil": until});
    Ok((StatusCode::CREATED, Json(done)))
}

#[derive(Deserialize)]
pub(super) struct MuteChat {
    chat: String,
    mute: bool,
    duration: Option<i64>,
}

impl Checked for MuteChat {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::mute_chat);
        &SCHEMA
    }
}

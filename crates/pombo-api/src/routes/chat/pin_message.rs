use std::sync::LazyLock;
use std::time::Duration;

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

/// What phones offer first.
const WEEK: u64 = 604_800;

/// `POST /chat/pinMessage/{instance}`: pins a message in its chat for everyone, or unpins it. Not known to the original.
///
/// 201 with `{key, pinned, duration}`: the key of the message that does it, and the seconds that it lasts (`null` when unpinned).
pub(super) async fn pin_message(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<PinMessage>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let seconds = request.pin.then(|| request.duration.unwrap_or(WEEK));
    let key = api
        .gateway
        .pin_message(&entry, request.key, seconds.map(Duration::from_secs))
        .await
        .map_err(|error| failed(StatusCode::BAD_REQUEST, "The message was not pinned", error))?;
    let done = json!({"key": key, "pinned": request.pin, "duration": seconds});
    Ok((StatusCode::CREATED, Json(done)))
}

#[derive(Deserialize)]
pub(super) struct PinMessage {
    key: MessageKey,
    #[serde(default = "yes")]
    pin: bool,
    duration: Option<u64>,
}

const fn yes() -> bool {
    true
}

impl Checked for PinMessage {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::pin_message);
        &SCHEMA
    }
}

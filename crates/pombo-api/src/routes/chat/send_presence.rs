use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use std::time::Duration;

use http::StatusCode;
use pombo_domain::channel::PresenceState;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::routes::schemas;
use crate::schema::Schema;
use crate::state::Api;

/// `POST /chat/sendPresence/{instance}`: shows a chat that the account types or records, for `delay` milliseconds.
///
/// 201 with `{presence}` when the time is over.
pub(super) async fn send_presence(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<SendPresence>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let state = PresenceState::parse(&request.presence)
        .ok_or_else(|| ApiError::bad_request("presence is unknown"))?;
    let delay = Duration::try_from_secs_f64(request.delay / 1000.0).unwrap_or_default();
    api.gateway
        .show_presence(&entry, &request.number, state, delay)
        .await?;
    Ok((
        StatusCode::CREATED,
        Json(json!({"presence": request.presence})),
    ))
}

#[derive(Deserialize)]
pub(super) struct SendPresence {
    number: String,
    presence: String,
    delay: f64,
}

impl Checked for SendPresence {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::presence);
        &SCHEMA
    }
}

use std::sync::{Arc, LazyLock};

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_core::Gateway;
use pombo_domain::channel::PresenceState;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::schema::Schema;

/// `POST /instance/setPresence/{instance}`: shows the account as online or not.
///
/// 201 with an echo. 400 when it is not connected, or its channel has no presence.
pub(super) async fn set_presence(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(gateway): State<Arc<Gateway>>,
    ValidJson(request): ValidJson<PresenceRequest>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let state = match request.presence {
        Presence::Unavailable => PresenceState::Unavailable,
        Presence::Available => PresenceState::Available,
        Presence::Composing => PresenceState::Composing,
        Presence::Recording => PresenceState::Recording,
        Presence::Paused => PresenceState::Paused,
    };
    gateway.set_presence(&entry, state).await?;
    Ok((
        StatusCode::CREATED,
        Json(json!({"presence": request.presence})),
    ))
}

#[derive(Deserialize)]
pub(super) struct PresenceRequest {
    presence: Presence,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Presence {
    Unavailable,
    Available,
    Composing,
    Recording,
    Paused,
}

impl Checked for PresenceRequest {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            Schema::object()
                .property(
                    "presence",
                    Schema::string().one_of(&[
                        "unavailable",
                        "available",
                        "composing",
                        "recording",
                        "paused",
                    ]),
                )
                .required(&["presence"])
        });
        &SCHEMA
    }
}

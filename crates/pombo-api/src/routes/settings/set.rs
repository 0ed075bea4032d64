use std::sync::{Arc, LazyLock};

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_core::{Gateway, SettingsChange};
use pombo_domain::settings::Pacing;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::schema::Schema;

/// `POST /settings/set/{instance}`: stores the settings; the two texts and `pacing` stay as they are when absent.
///
/// `pacing` is `{minDelay, maxDelay, perMinute, perHour, perDay}`: pauses between messages in milliseconds, and the most messages in any
/// such span. What is left out limits nothing, `{}` takes the pace away.
///
/// 201 with an echo of what was sent.
pub(super) async fn set(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(gateway): State<Arc<Gateway>>,
    ValidJson(request): ValidJson<SettingsRequest>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    if let Some(pacing) = request.pacing
        && pacing.max_delay != 0
        && pacing.max_delay < pacing.min_delay
    {
        return Err(ApiError::invalid_text(
            "pacing.maxDelay must not be less than pacing.minDelay",
        ));
    }
    let echo =
        json!({"settings": {"instanceName": entry.state().instance.name, "settings": &request}});
    gateway.set_settings(&entry, request.into()).await?;
    Ok((StatusCode::CREATED, Json(echo)))
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are six switches of the contract"
)]
pub(super) struct SettingsRequest {
    reject_call: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    msg_call: Option<String>,
    groups_ignore: bool,
    always_online: bool,
    read_messages: bool,
    read_status: bool,
    sync_full_history: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    wavoip_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pacing: Option<Pacing>,
}

impl From<SettingsRequest> for SettingsChange {
    fn from(request: SettingsRequest) -> Self {
        Self {
            reject_call: request.reject_call,
            msg_call: request.msg_call,
            groups_ignore: request.groups_ignore,
            always_online: request.always_online,
            read_messages: request.read_messages,
            read_status: request.read_status,
            sync_full_history: request.sync_full_history,
            wavoip_token: request.wavoip_token,
            pacing: request
                .pacing
                .map(|pacing| Some(pacing).filter(|pacing| *pacing != Pacing::default())),
        }
    }
}

fn pacing() -> Schema {
    let delay = Schema::integer().minimum(0).maximum(60_000);
    let cap = Schema::integer().minimum(0).maximum(100_000);
    Schema::object()
        .properties(&["minDelay", "maxDelay"], &delay)
        .properties(&["perMinute", "perHour", "perDay"], &cap)
}

impl Checked for SettingsRequest {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            Schema::object()
                .property("rejectCall", Schema::boolean())
                .property("msgCall", Schema::string())
                .properties(
                    &["groupsIgnore", "alwaysOnline", "readMessages", "readStatus"],
                    &Schema::boolean(),
                )
                .property("syncFullHistory", Schema::boolean())
                .property("wavoipToken", Schema::string())
                .property("pacing", pacing())
                .required(&[
                    "rejectCall",
                    "groupsIgnore",
                    "alwaysOnline",
                    "readMessages",
                    "readStatus",
                    "syncFullHistory",
                ])
        });
        &SCHEMA
    }
}

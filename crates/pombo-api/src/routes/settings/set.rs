use std::sync::{Arc, LazyLock};

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_core::{Gateway, SettingsChange};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::schema::Schema;

/// `POST /settings/set/{instance}`: stores the settings; the two texts stay as they are when absent.
///
/// 201 with an echo of what was sent.
pub(super) async fn set(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(gateway): State<Arc<Gateway>>,
    ValidJson(request): ValidJson<SettingsRequest>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
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
        }
    }
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

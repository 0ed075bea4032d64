use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_core::Gateway;
use pombo_domain::group::GroupSetting;
use serde::Deserialize;
use serde_json::{Value, json};

use super::failure::failed;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, GroupJson};
use crate::routes::schemas;
use crate::schema::Schema;
use crate::state::Api;

/// `POST /group/toggleEphemeral/{instance}`: after how many seconds messages disappear; 0: never.
///
/// 201 with `{success: true}`.
pub(super) async fn toggle_ephemeral(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    GroupJson(request): GroupJson<ToggleEphemeral>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let groups = Gateway::groups(&entry, &*channel)?;
    groups
        .change(&request.group, &GroupSetting::Ephemeral(request.expiration))
        .await
        .map_err(|error| failed(StatusCode::BAD_REQUEST, "Error updating setting", error))?;
    Ok((StatusCode::CREATED, Json(json!({"success": true}))))
}

#[derive(Deserialize)]
pub(super) struct ToggleEphemeral {
    #[serde(rename = "groupJid")]
    group: String,
    expiration: u32,
}

impl Checked for ToggleEphemeral {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::group_ephemeral);
        &SCHEMA
    }
}

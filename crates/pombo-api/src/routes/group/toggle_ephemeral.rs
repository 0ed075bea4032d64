use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_domain::group::GroupSetting;
use serde::Deserialize;
use serde_json::{Value, json};

use super::change::change;
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
    let setting = GroupSetting::Ephemeral(request.expiration);
    change(&api, &entry, &request.group, setting).await?;
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

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

/// `POST /group/updateSetting/{instance}`: who may write (`announcement`, `not_announcement`), who may change the group
/// (`locked`, `unlocked`).
///
/// 201 with `{}`, as in the original.
pub(super) async fn update_setting(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    GroupJson(request): GroupJson<UpdateSetting>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let setting = match request.action.as_str() {
        "announcement" => GroupSetting::Announce(true),
        "not_announcement" => GroupSetting::Announce(false),
        "locked" => GroupSetting::Restrict(true),
        // The schema lets nothing else in.
        _ => GroupSetting::Restrict(false),
    };
    change(&api, &entry, &request.group, setting).await?;
    Ok((StatusCode::CREATED, Json(json!({}))))
}

#[derive(Deserialize)]
pub(super) struct UpdateSetting {
    #[serde(rename = "groupJid")]
    group: String,
    action: String,
}

impl Checked for UpdateSetting {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::group_setting);
        &SCHEMA
    }
}

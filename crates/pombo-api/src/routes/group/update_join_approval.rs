use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_domain::group::GroupSetting;
use serde::Deserialize;
use serde_json::Value;

use super::change::change;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, GroupJson};
use crate::routes::answer::updated;
use crate::routes::schemas;
use crate::schema::Schema;
use crate::state::Api;

/// `POST /group/updateJoinApproval/{instance}`: whether admins approve new members (`on`, `off`).
///
/// 201 with `{update: "success"}`.
pub(super) async fn update_join_approval(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    GroupJson(request): GroupJson<UpdateJoinApproval>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let setting = GroupSetting::JoinApproval(request.action == "on");
    change(&api, &entry, &request.group, setting).await?;
    Ok((StatusCode::CREATED, Json(updated())))
}

#[derive(Deserialize)]
pub(super) struct UpdateJoinApproval {
    #[serde(rename = "groupJid")]
    group: String,
    action: String,
}

impl Checked for UpdateJoinApproval {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::join_approval);
        &SCHEMA
    }
}

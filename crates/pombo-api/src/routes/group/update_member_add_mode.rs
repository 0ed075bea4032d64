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

/// `POST /group/updateMemberAddMode/{instance}`: who may add members (`all_member_add`, `admin_add`).
///
/// 201 with `{update: "success"}`.
pub(super) async fn update_member_add_mode(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    GroupJson(request): GroupJson<UpdateMemberAddMode>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let setting = GroupSetting::MemberAdd(request.action == "all_member_add");
    change(&api, &entry, &request.group, setting).await?;
    Ok((StatusCode::CREATED, Json(updated())))
}

#[derive(Deserialize)]
pub(super) struct UpdateMemberAddMode {
    #[serde(rename = "groupJid")]
    group: String,
    action: String,
}

impl Checked for UpdateMemberAddMode {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::member_add_mode);
        &SCHEMA
    }
}

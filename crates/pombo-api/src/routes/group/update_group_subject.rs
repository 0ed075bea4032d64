use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_core::Gateway;
use pombo_domain::group::GroupSetting;
use serde::Deserialize;
use serde_json::Value;

use super::failure::failed;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, GroupJson};
use crate::routes::answer::updated;
use crate::routes::schemas;
use crate::schema::Schema;
use crate::state::Api;

/// `POST /group/updateGroupSubject/{instance}`: names a group.
///
/// 201 with `{update: "success"}`.
pub(super) async fn update_group_subject(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    GroupJson(request): GroupJson<UpdateGroupSubject>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let groups = Gateway::groups(&entry, &*channel)?;
    groups
        .change(&request.group, &GroupSetting::Subject(request.subject))
        .await
        .map_err(|error| {
            failed(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Error updating group subject",
                error,
            )
        })?;
    Ok((StatusCode::CREATED, Json(updated())))
}

#[derive(Deserialize)]
pub(super) struct UpdateGroupSubject {
    #[serde(rename = "groupJid")]
    group: String,
    subject: String,
}

impl Checked for UpdateGroupSubject {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::group_subject);
        &SCHEMA
    }
}

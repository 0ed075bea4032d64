use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_core::Gateway;
use serde::Deserialize;
use serde_json::{Value, json};

use super::failure::failed;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, GroupJson};
use crate::routes::schemas;
use crate::schema::Schema;
use crate::state::Api;

/// `DELETE /group/leaveGroup/{instance}`: leaves a group.
///
/// 200 with `{groupJid, leave: true}`.
pub(super) async fn leave_group(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    GroupJson(request): GroupJson<LeaveGroup>,
) -> Result<Json<Value>, ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let groups = Gateway::groups(&entry, &*channel)?;
    groups
        .leave(&request.group)
        .await
        .map_err(|error| failed(StatusCode::BAD_REQUEST, "Unable to leave the group", error))?;
    Ok(Json(json!({"groupJid": request.group, "leave": true})))
}

/// The original checks nothing here but that there is a group.
#[derive(Deserialize)]
pub(super) struct LeaveGroup {
    #[serde(rename = "groupJid")]
    group: String,
}

impl Checked for LeaveGroup {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::anything);
        &SCHEMA
    }
}

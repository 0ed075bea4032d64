use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_core::Gateway;
use serde_json::{Value, json};
use tracing::debug;

use super::failure::failed;
use super::info::GroupInfo;
use super::request::OfGroup;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, GroupJson};
use crate::state::Api;

/// `GET /group/findGroupInfos/{instance}`: one group, with its members and its picture.
///
/// 200 with the group.
pub(super) async fn find_group_infos(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    GroupJson(request): GroupJson<OfGroup>,
) -> Result<Json<Value>, ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let groups = Gateway::groups(&entry, &*channel)?;
    let group = groups
        .metadata(&request.group)
        .await
        .map_err(|error| failed(StatusCode::NOT_FOUND, "Error fetching group", error))?;
    let picture = groups
        .picture(&request.group)
        .await
        .unwrap_or_else(|error| {
            debug!("a group is shown without its picture: {error}");
            None
        });
    Ok(Json(json!(GroupInfo::of(&group, picture.as_deref(), true))))
}

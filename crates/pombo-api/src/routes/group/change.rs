//! What several of these routes change.

use http::StatusCode;
use pombo_core::{Entry, Gateway};
use pombo_domain::group::{GroupSetting, MemberAction, MemberResult};

use super::failure::failed;
use super::request::addresses;
use crate::error::ApiError;
use crate::state::Api;

/// Changes how a group is.
pub(super) async fn change(
    api: &Api,
    entry: &Entry,
    group: &str,
    setting: GroupSetting,
) -> Result<(), ApiError> {
    let channel = api.gateway.channel(entry)?;
    Gateway::groups(entry, &*channel)?
        .change(group, &setting)
        .await
        .map_err(|error| failed(StatusCode::BAD_REQUEST, "Error updating setting", error))
}

/// Changes who is in a group, or what they may do; `context` is what is told when that fails as a whole.
pub(super) async fn change_members(
    api: &Api,
    entry: &Entry,
    group: &str,
    action: MemberAction,
    people: &[String],
    context: &str,
) -> Result<Vec<MemberResult>, ApiError> {
    let channel = api.gateway.channel(entry)?;
    Gateway::groups(entry, &*channel)?
        .members(group, action, &addresses(people))
        .await
        .map_err(|error| failed(StatusCode::BAD_REQUEST, context, error))
}

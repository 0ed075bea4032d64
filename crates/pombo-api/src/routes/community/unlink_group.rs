use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_core::Gateway;
use serde::Deserialize;
use serde_json::{Value, json};

use super::schemas;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::schema::Schema;
use crate::state::Api;

/// `POST /community/unlinkGroup/{instance}`: takes groups out of a community; with `removeOrphans: true` also the people who are in
/// no other group of it.
///
/// 201 with `{groups: [{jid, status}]}`.
pub(super) async fn unlink_group(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<UnlinkGroup>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let communities = Gateway::communities(&entry, &*channel)?;
    let orphans = request.remove_orphans.unwrap_or(false);
    let groups = communities
        .unlink(&request.community_jid, &request.groups, orphans)
        .await?;
    Ok((StatusCode::CREATED, Json(json!({ "groups": groups }))))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UnlinkGroup {
    community_jid: String,
    groups: Vec<String>,
    remove_orphans: Option<bool>,
}

impl Checked for UnlinkGroup {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::groups);
        &SCHEMA
    }
}

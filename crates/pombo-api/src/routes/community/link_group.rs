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

/// `POST /community/linkGroup/{instance}`: takes existing groups, of which the account is an admin, into a community.
///
/// 201 with `{groups: [{jid, status}]}`; the status is 200, or why not.
pub(super) async fn link_group(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<LinkGroup>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let communities = Gateway::communities(&entry, &*channel)?;
    let groups = communities
        .link(&request.community_jid, &request.groups)
        .await?;
    Ok((StatusCode::CREATED, Json(json!({ "groups": groups }))))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LinkGroup {
    community_jid: String,
    groups: Vec<String>,
}

impl Checked for LinkGroup {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::groups);
        &SCHEMA
    }
}

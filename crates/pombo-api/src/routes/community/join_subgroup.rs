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

/// `POST /community/joinSubgroup/{instance}`: comes into a group of a community that the account is in.
///
/// 201 with `{joined: true, group}`, or `{joined: false}` while an admin has to approve it.
pub(super) async fn join_subgroup(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<JoinSubgroup>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let communities = Gateway::communities(&entry, &*channel)?;
    let joined = communities
        .join_subgroup(&request.community_jid, &request.group_jid)
        .await?;
    let answer = match joined {
        Some(group) => json!({"joined": true, "group": group}),
        None => json!({"joined": false}),
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JoinSubgroup {
    community_jid: String,
    group_jid: String,
}

impl Checked for JoinSubgroup {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::join);
        &SCHEMA
    }
}

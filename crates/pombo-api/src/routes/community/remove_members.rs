use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_core::Gateway;
use serde::Deserialize;
use serde_json::{Value, json};

use super::people;
use super::schemas;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::schema::Schema;
use crate::state::Api;

/// `POST /community/removeMembers/{instance}`: throws people out of a community and all its groups.
///
/// 201 with `{participants: [{jid, status}]}`.
pub(super) async fn remove_members(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<RemoveMembers>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let communities = Gateway::communities(&entry, &*channel)?;
    let participants = people(&api, &entry, &request.participants).await?;
    let participants = communities
        .remove_members(&request.community_jid, &participants)
        .await?;
    let answer = json!({ "participants": participants });
    Ok((StatusCode::CREATED, Json(answer)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RemoveMembers {
    community_jid: String,
    participants: Vec<String>,
}

impl Checked for RemoveMembers {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::members);
        &SCHEMA
    }
}

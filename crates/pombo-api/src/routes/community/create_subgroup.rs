use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_core::Gateway;
use pombo_domain::group::Group;
use serde::Deserialize;

use super::people;
use super::schemas;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::schema::Schema;
use crate::state::Api;

/// `POST /community/createSubgroup/{instance}`: makes a group in a community.
///
/// 201 with the group, as `/group/create` shows it.
pub(super) async fn create_subgroup(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<CreateSubgroup>,
) -> Result<(StatusCode, Json<Group>), ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let communities = Gateway::communities(&entry, &*channel)?;
    let numbers = request.participants.as_deref().unwrap_or_default();
    let participants = people(&api, &entry, numbers).await?;
    let made = communities
        .create_subgroup(&request.community_jid, &request.subject, &participants)
        .await?;
    Ok((StatusCode::CREATED, Json(made)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateSubgroup {
    community_jid: String,
    subject: String,
    participants: Option<Vec<String>>,
}

impl Checked for CreateSubgroup {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::create_subgroup);
        &SCHEMA
    }
}

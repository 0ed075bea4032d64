use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_core::Gateway;
use pombo_domain::community::NewCommunity;
use pombo_domain::group::Group;
use serde::Deserialize;

use super::schemas;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::schema::Schema;
use crate::state::Api;

/// `POST /community/create/{instance}`: makes a community, with its announcements and, unless `generalChat` is false, a general chat.
///
/// `closed`: admins approve who joins; `membersCreateGroups`: every member may make groups in it. 201 with the community, as
/// `/group/create` shows a group.
pub(super) async fn create(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<Create>,
) -> Result<(StatusCode, Json<Group>), ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let communities = Gateway::communities(&entry, &*channel)?;
    let new = NewCommunity {
        subject: request.subject.clone(),
        description: request.description.clone(),
        closed: request.closed.unwrap_or(false),
        members_create_groups: request.members_create_groups.unwrap_or(false),
        general_chat: request.general_chat.unwrap_or(true),
    };
    let made = communities.create(&new).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Create {
    subject: String,
    description: Option<String>,
    closed: Option<bool>,
    members_create_groups: Option<bool>,
    general_chat: Option<bool>,
}

impl Checked for Create {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::create);
        &SCHEMA
    }
}

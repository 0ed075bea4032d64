use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_core::Gateway;
use pombo_domain::group::MemberAction;
use serde::Deserialize;
use serde_json::{Value, json};

use super::failure::failed;
use super::request::addresses;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, GroupJson};
use crate::routes::schemas;
use crate::schema::Schema;
use crate::state::Api;

/// `POST /group/updateParticipant/{instance}`: adds, removes, promotes or demotes members.
///
/// 201 with `{updateParticipants: [{status, jid, content}]}`, one for each: what the network refuses for one is in its status.
pub(super) async fn update_participant(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    GroupJson(request): GroupJson<UpdateParticipant>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let groups = Gateway::groups(&entry, &*channel)?;
    let action = match request.action.as_str() {
        "add" => MemberAction::Add,
        "remove" => MemberAction::Remove,
        "promote" => MemberAction::Promote,
        // The schema lets nothing else in.
        _ => MemberAction::Demote,
    };
    let results = groups
        .members(&request.group, action, &addresses(&request.participants))
        .await
        .map_err(|error| {
            failed(
                StatusCode::BAD_REQUEST,
                "Error updating participants",
                error,
            )
        })?;
    Ok((
        StatusCode::CREATED,
        Json(json!({"updateParticipants": results})),
    ))
}

#[derive(Deserialize)]
pub(super) struct UpdateParticipant {
    #[serde(rename = "groupJid")]
    group: String,
    action: String,
    participants: Vec<String>,
}

impl Checked for UpdateParticipant {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::group_participants);
        &SCHEMA
    }
}

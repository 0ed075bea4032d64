use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_domain::group::MemberAction;
use serde::Deserialize;
use serde_json::{Value, json};

use super::change::change_members;
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
    let action = match request.action.as_str() {
        "add" => MemberAction::Add,
        "remove" => MemberAction::Remove,
        "promote" => MemberAction::Promote,
        // The schema lets nothing else in.
        _ => MemberAction::Demote,
    };
    let results = change_members(
        &api,
        &entry,
        &request.group,
        action,
        &request.participants,
        "Error updating participants",
    )
    .await?;
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

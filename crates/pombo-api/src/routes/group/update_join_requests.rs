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

/// `POST /group/updateJoinRequests/{instance}`: lets in or rejects those who ask to join.
///
/// 201 with `{updateJoinRequests: [{status, jid, content}]}`, one for each.
pub(super) async fn update_join_requests(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    GroupJson(request): GroupJson<UpdateJoinRequests>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let action = match request.action.as_str() {
        "approve" => MemberAction::Approve,
        // The schema lets nothing else in.
        _ => MemberAction::Reject,
    };
    let results = change_members(
        &api,
        &entry,
        &request.group,
        action,
        &request.participants,
        "Error updating join requests",
    )
    .await?;
    Ok((
        StatusCode::CREATED,
        Json(json!({"updateJoinRequests": results})),
    ))
}

#[derive(Deserialize)]
pub(super) struct UpdateJoinRequests {
    #[serde(rename = "groupJid")]
    group: String,
    action: String,
    participants: Vec<String>,
}

impl Checked for UpdateJoinRequests {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::join_request_action);
        &SCHEMA
    }
}

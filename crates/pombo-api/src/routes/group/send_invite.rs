use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::failure::failed;
use crate::error::{ApiError, Failure};
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::routes::schemas;
use crate::schema::Schema;
use crate::state::Api;

/// `POST /group/sendInvite/{instance}`: sends the invite link of a group, after a text, to some numbers.
///
/// 200 with `{send: true, inviteUrl}`. 400 when one of the numbers is not on WhatsApp: then nobody got it.
pub(super) async fn send_invite(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<SendInvite>,
) -> Result<Json<Value>, ApiError> {
    let url = api
        .gateway
        .send_invite(
            &entry,
            &request.group,
            &request.description,
            &request.numbers,
        )
        .await
        .map_err(|error| failed(StatusCode::NOT_FOUND, "No send invite", error))?;
    Ok(Json(json!({"send": true, "inviteUrl": url})))
}

#[derive(Deserialize)]
pub(super) struct SendInvite {
    #[serde(rename = "groupJid")]
    group: String,
    description: String,
    numbers: Vec<String>,
}

impl Checked for SendInvite {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::send_invite);
        &SCHEMA
    }

    fn refuse(failures: Vec<Failure>) -> ApiError {
        ApiError::invalid_properties(failures)
    }
}

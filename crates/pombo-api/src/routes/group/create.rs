use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_core::{Gateway, WantedGroup};
use serde::Deserialize;
use serde_json::{Value, json};

use super::failure::failed;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::routes::message::Source;
use crate::routes::schemas;
use crate::schema::Schema;
use crate::state::Api;

/// `POST /group/create/{instance}`: makes a group.
///
/// 201 with the group. Numbers that are not on WhatsApp, and people whose privacy does not allow it, are not in it.
pub(super) async fn create(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<CreateGroup>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    Gateway::groups(&entry, &*api.gateway.channel(&entry)?)?;
    let picture = match request.profile_picture.as_deref() {
        Some(picture) => Some(
            Source::read(Some(picture), None)
                .ok_or_else(|| ApiError::bad_request("Owned media must be a url or base64"))?
                .source,
        ),
        None => None,
    };
    let wanted = WantedGroup {
        subject: request.subject,
        description: request.description,
        numbers: request.participants,
        promote: request.promote_participants.unwrap_or(false),
        picture,
    };
    let group = api
        .gateway
        .create_group(&entry, wanted)
        .await
        .map_err(|error| {
            failed(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Error creating group",
                error,
            )
        })?;
    Ok((StatusCode::CREATED, Json(json!(*group))))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateGroup {
    subject: String,
    description: Option<String>,
    participants: Vec<String>,
    promote_participants: Option<bool>,
    profile_picture: Option<String>,
}

impl Checked for CreateGroup {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::group_create);
        &SCHEMA
    }
}

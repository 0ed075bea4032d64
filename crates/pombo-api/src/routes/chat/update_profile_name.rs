use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_core::Gateway;
use serde::Deserialize;
use serde_json::Value;

use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::routes::answer::{failed, updated};
use crate::routes::schemas;
use crate::schema::Schema;
use crate::state::Api;

/// `POST /chat/updateProfileName/{instance}`: names the account.
///
/// 200 with `{update: "success"}`.
pub(super) async fn update_profile_name(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<UpdateProfileName>,
) -> Result<Json<Value>, ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let profiles = Gateway::profiles(&entry, &*channel)?;
    profiles.set_name(&request.name).await.map_err(|error| {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        failed(status, "Error updating profile name", error.into())
    })?;
    Ok(Json(updated()))
}

#[derive(Deserialize)]
pub(super) struct UpdateProfileName {
    #[serde(default)]
    name: String,
}

impl Checked for UpdateProfileName {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::profile_name);
        &SCHEMA
    }
}

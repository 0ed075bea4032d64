use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_core::Gateway;
use pombo_domain::profile::Privacy;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::routes::answer::failed;
use crate::routes::schemas;
use crate::schema::Schema;
use crate::state::Api;

/// `POST /chat/updatePrivacySettings/{instance}`: decides who may see what.
///
/// 201 with `{update: "success", data}`. The connection stays as it is.
pub(super) async fn update_privacy_settings(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(UpdatePrivacySettings(privacy)): ValidJson<UpdatePrivacySettings>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let profiles = Gateway::profiles(&entry, &*channel)?;
    profiles.set_privacy(&privacy).await.map_err(|error| {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        failed(status, "Error updating privacy settings", error.into())
    })?;
    let done = json!({"update": "success", "data": privacy});
    Ok((StatusCode::CREATED, Json(done)))
}

#[derive(Deserialize)]
pub(super) struct UpdatePrivacySettings(Privacy);

impl Checked for UpdatePrivacySettings {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::privacy);
        &SCHEMA
    }
}

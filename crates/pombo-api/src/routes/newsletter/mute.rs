use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_core::Gateway;
use serde::Deserialize;
use serde_json::Value;

use super::schemas;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::routes::answer::updated;
use crate::schema::Schema;
use crate::state::Api;

/// `POST /newsletter/mute/{instance}`: whether the account is told of new posts; with `activity: true` instead of what followers do,
/// which is for those who run it.
///
/// 201 with `{update: "success"}`.
pub(super) async fn mute(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<Mute>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let newsletters = Gateway::newsletters(&entry, &*channel)?;
    let activity = request.activity.unwrap_or(false);
    newsletters
        .mute(&request.newsletter_jid, request.mute, activity)
        .await?;
    Ok((StatusCode::CREATED, Json(updated())))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Mute {
    newsletter_jid: String,
    mute: bool,
    activity: Option<bool>,
}

impl Checked for Mute {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::mute);
        &SCHEMA
    }
}

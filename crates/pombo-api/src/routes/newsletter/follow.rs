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

/// `POST /newsletter/follow/{instance}`: follows a newsletter: its posts come as messages.
///
/// 201 with `{update: "success"}`.
pub(super) async fn follow(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<Follow>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let newsletters = Gateway::newsletters(&entry, &*channel)?;
    newsletters.follow(&request.newsletter_jid, true).await?;
    Ok((StatusCode::CREATED, Json(updated())))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Follow {
    newsletter_jid: String,
}

impl Checked for Follow {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::one);
        &SCHEMA
    }
}

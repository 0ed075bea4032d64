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

/// `POST /newsletter/unfollow/{instance}`: does not follow a newsletter any more.
///
/// 201 with `{update: "success"}`.
pub(super) async fn unfollow(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<Unfollow>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let newsletters = Gateway::newsletters(&entry, &*channel)?;
    newsletters.follow(&request.newsletter_jid, false).await?;
    Ok((StatusCode::CREATED, Json(updated())))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Unfollow {
    newsletter_jid: String,
}

impl Checked for Unfollow {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::one);
        &SCHEMA
    }
}

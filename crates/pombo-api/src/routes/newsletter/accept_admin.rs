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

/// `POST /newsletter/acceptAdmin/{instance}`: becomes an admin of a newsletter whose admins asked for it.
///
/// 201 with `{update: "success"}`.
pub(super) async fn accept_admin(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<AcceptAdmin>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let newsletters = Gateway::newsletters(&entry, &*channel)?;
    newsletters
        .accept_admin_invite(&request.newsletter_jid)
        .await?;
    Ok((StatusCode::CREATED, Json(updated())))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AcceptAdmin {
    newsletter_jid: String,
}

impl Checked for AcceptAdmin {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::one);
        &SCHEMA
    }
}

use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_core::Gateway;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::routes::answer::failed;
use crate::routes::schemas;
use crate::schema::Schema;
use crate::state::Api;

/// `POST /chat/updateBlockStatus/{instance}`: blocks somebody, or not any more.
///
/// 201 with `{block: "success"}` for both.
pub(super) async fn update_block_status(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<UpdateBlockStatus>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let profiles = Gateway::profiles(&entry, &*channel)?;
    let jid = api.gateway.recipient(&entry, &request.number).await?;
    profiles
        .block(&jid, request.status == "block")
        .await
        .map_err(|error| {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            failed(status, "Error blocking user", error.into())
        })?;
    Ok((StatusCode::CREATED, Json(json!({"block": "success"}))))
}

#[derive(Deserialize)]
pub(super) struct UpdateBlockStatus {
    number: String,
    status: String,
}

impl Checked for UpdateBlockStatus {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::block);
        &SCHEMA
    }
}

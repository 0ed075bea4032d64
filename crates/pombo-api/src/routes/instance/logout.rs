use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use pombo_core::Gateway;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::extract::AuthorisedInstance;

/// `DELETE /instance/logout/{instance}`: ends the connection; answers when it is done.
///
/// 400 when it is not connected.
pub(super) async fn logout(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(gateway): State<Arc<Gateway>>,
) -> Result<Json<Value>, ApiError> {
    gateway.logout(&entry).await?;
    Ok(Json(
        json!({"status": "SUCCESS", "error": false, "response": {"message": "Instance logged out"}}),
    ))
}

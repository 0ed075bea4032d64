use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use pombo_core::Gateway;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::extract::AuthorisedInstance;

/// `DELETE /instance/delete/{instance}`: deletes it with everything that belongs to it; answers when it is done.
pub(super) async fn delete(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(gateway): State<Arc<Gateway>>,
) -> Result<Json<Value>, ApiError> {
    gateway.delete(&entry).await?;
    Ok(Json(
        json!({"status": "SUCCESS", "error": false, "response": {"message": "Instance deleted"}}),
    ))
}

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use pombo_core::Gateway;
use serde_json::Value;

use super::connection;
use crate::error::ApiError;
use crate::extract::AuthorisedInstance;

/// `POST` or `PUT /instance/restart/{instance}`: connects anew, also from the state `close`.
///
/// Always 200: a failure is `{"error": true, "message": ..}`.
pub(super) async fn restart(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(gateway): State<Arc<Gateway>>,
) -> Result<Json<Value>, ApiError> {
    let outcome = gateway.restart(&entry).await;
    connection::answer(&entry.state().instance.name, outcome)
}

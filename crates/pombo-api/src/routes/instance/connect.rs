use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use pombo_core::Gateway;
use serde_json::Value;

use super::connection;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Query};

/// `GET /instance/connect/{instance}`: connects, or shows the present QR code; `?number=` asks for a pairing code.
///
/// Always 200: a failure is `{"error": true, "message": ..}`.
pub(super) async fn connect(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(gateway): State<Arc<Gateway>>,
    query: Query,
) -> Result<Json<Value>, ApiError> {
    let number = query.text("number");
    let outcome = gateway.connect(&entry, number).await;
    connection::answer(&entry.state().instance.name, outcome)
}

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_core::Gateway;
use serde_json::{Value, json};

use crate::error::ApiError;

/// The database has this long to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// `GET /health/ready`: 200 when the database answers, else 503.
pub(super) async fn health_ready(
    State(gateway): State<Arc<Gateway>>,
) -> Result<Json<Value>, ApiError> {
    match tokio::time::timeout(PATIENCE, gateway.store().ping()).await {
        Ok(answered) => answered?,
        Err(_) => {
            return Err(ApiError::plain(
                StatusCode::SERVICE_UNAVAILABLE,
                "The database does not answer",
            ));
        }
    }
    Ok(Json(json!({"status": "ready"})))
}

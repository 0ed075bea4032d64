use axum::Json;
use serde_json::{Value, json};

/// `GET /health/live`: 200 as long as the process answers at all.
pub(super) async fn health_live() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

//! The network's time.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::Body;
use super::error::AdminError;
use crate::network::Network;

/// No test lives longer.
const LONGEST_STEP_MS: u64 = 100 * 365 * 86_400_000;

/// `GET /admin/clock`.
pub(super) async fn show(State(network): State<Arc<Network>>) -> Json<Value> {
    Json(describe(&network))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Change {
    frozen: Option<bool>,
    advance_ms: Option<u64>,
}

/// `PUT /admin/clock`: stops it, lets it run again, moves it forward. What was due by then happens.
pub(super) async fn change(
    State(network): State<Arc<Network>>,
    Body(change): Body<Change>,
) -> Result<Json<Value>, AdminError> {
    if change.advance_ms.is_some_and(|step| step > LONGEST_STEP_MS) {
        return Err(AdminError::bad_request(
            "`advanceMs` is more than a hundred years",
        ));
    }
    match change.frozen {
        Some(true) => network.clock.freeze(),
        Some(false) => network.clock.resume(),
        None => {}
    }
    if let Some(step) = change.advance_ms {
        network.clock.advance(Duration::from_millis(step));
    }
    Ok(Json(describe(&network)))
}

fn describe(network: &Network) -> Value {
    json!({"nowMs": network.clock.now_ms(), "frozen": network.clock.is_frozen()})
}

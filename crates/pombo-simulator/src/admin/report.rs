//! What strict mode has found.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use crate::network::Network;
use crate::network::strict::Violation;

/// `GET /admin/violations`: stanzas that the network does not know, or that the real one would refuse.
pub(super) async fn list(State(network): State<Arc<Network>>) -> Json<Vec<Violation>> {
    Json(network.with(|state| state.violations.clone()))
}

/// `DELETE /admin/violations`: the same, and they are forgotten.
pub(super) async fn take(State(network): State<Arc<Network>>) -> Json<Vec<Violation>> {
    Json(network.with(|state| std::mem::take(&mut state.violations)))
}

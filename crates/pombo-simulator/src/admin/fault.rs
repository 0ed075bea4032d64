//! What goes wrong on purpose.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Serialize;

use super::body::{Body, Part};
use super::error::AdminError;
use crate::fault::{FaultRule, Strike};
use crate::network::Network;

/// A rule in force.
#[derive(Debug, Serialize)]
pub(super) struct RuleView {
    id: u64,
    /// How often it has struck.
    struck: u64,
    #[serde(flatten)]
    rule: FaultRule,
}

/// `GET /admin/faults`.
pub(super) async fn list(State(network): State<Arc<Network>>) -> Json<Vec<RuleView>> {
    let rules = network.faults.rules().into_iter();
    Json(
        rules
            .map(|(id, rule, struck)| RuleView { id, struck, rule })
            .collect(),
    )
}

/// `POST /admin/faults`: a rule comes into force.
pub(super) async fn add(
    State(network): State<Arc<Network>>,
    Body(rule): Body<FaultRule>,
) -> Result<(StatusCode, Json<RuleView>), AdminError> {
    let id = network
        .faults
        .add(rule.clone())
        .map_err(|error| AdminError::bad_request(error.to_string()))?;
    Ok((
        StatusCode::CREATED,
        Json(RuleView {
            id,
            struck: 0,
            rule,
        }),
    ))
}

/// `DELETE /admin/faults`: all rules end. What has struck stays written down.
pub(super) async fn clear(State(network): State<Arc<Network>>) -> StatusCode {
    network.faults.clear();
    StatusCode::NO_CONTENT
}

/// `DELETE /admin/faults/{id}`.
pub(super) async fn remove(
    State(network): State<Arc<Network>>,
    Part(id): Part<u64>,
) -> Result<StatusCode, AdminError> {
    if network.faults.remove(id) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(AdminError::not_found(format!("there is no rule {id}")))
    }
}

/// `GET /admin/faults/strikes`: what has gone wrong so far, oldest first.
pub(super) async fn strikes(State(network): State<Arc<Network>>) -> Json<Vec<Strike>> {
    Json(network.faults.strikes())
}

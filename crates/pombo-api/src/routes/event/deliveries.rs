use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use pombo_domain::subscription::TransportKind;
use pombo_store::delivery::{self, Delivery, DeliveryState, Listed};
use serde_json::{Value, json};

use super::find::warn_if_off;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Query};
use crate::state::Api;

const USUAL: u64 = 100;
const MOST: u64 = 1000;

/// `GET /{transport}/deliveries/{instance}?state=waiting|dead&limit=&after=`: deliveries that failed and wait for another
/// attempt, or were given up; the newest first.
///
/// `after` is the `id` of the last row of the page before. 400 for a state that there is not.
pub(super) async fn deliveries(
    transport: TransportKind,
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    query: Query,
) -> Result<Response, ApiError> {
    let state = match query.text("state") {
        None => None,
        Some(text) => Some(DeliveryState::parse(text).ok_or_else(|| {
            ApiError::bad_request("state is not one of enum values: waiting,dead")
        })?),
    };
    let instance = entry.state().instance.id.clone();
    let limit = query.number("limit").unwrap_or(USUAL).min(MOST);
    let listed = Listed {
        instance: Some(&instance),
        state,
        before: query
            .number("after")
            .map(|id| i64::try_from(id).unwrap_or(i64::MAX)),
        limit: u32::try_from(limit).unwrap_or(u32::MAX),
    };
    let rows = delivery::list(api.gateway.store(), transport.as_str(), listed).await?;
    let rows: Vec<_> = rows.iter().map(row).collect();
    Ok(warn_if_off(&api, transport, Json(rows).into_response()))
}

fn row(parked: &Delivery) -> Value {
    let delivery = &parked.delivery;
    json!({
        "id": parked.id,
        "eventId": delivery.event_id,
        "event": delivery.event_kind.map(|kind| kind.as_str()),
        "seq": delivery.event_seq,
        "attempt": delivery.attempt,
        "state": parked.state.as_str(),
        "status": delivery.status,
        "latency": delivery.latency.map(|latency| u64::try_from(latency.as_millis()).unwrap_or(u64::MAX)),
        "error": delivery.error,
        "nextAt": (parked.state == DeliveryState::Waiting).then_some(delivery.next_at),
        "createdAt": delivery.created_at,
    })
}

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use pombo_domain::id::InstanceId;
use pombo_domain::subscription::TransportKind;
use pombo_store::delivery::{self, Delivery, DeliveryState, Listed, Of};
use pombo_store::event;
use serde_json::{Value, json};

use super::find::warn_if_off;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, GlobalKey, Query};
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
    let instance = entry.state().instance.id.clone();
    let listed = listed(&query, Some(&instance))?;
    let rows = delivery::list(api.gateway.store(), transport.as_str(), listed).await?;
    let rows: Vec<_> = rows.iter().map(row).collect();
    Ok(warn_if_off(&api, transport, Json(rows).into_response()))
}

/// `GET /{transport}/deliveries?state=waiting|dead&limit=&after=`: the same for what goes over the global line, with the name of
/// the `instance` that each event is about, as long as the log has it. Asks for the global key.
pub(super) async fn global_deliveries(
    transport: TransportKind,
    _: GlobalKey,
    State(api): State<Api>,
    query: Query,
) -> Result<Response, ApiError> {
    let (store, name) = (api.gateway.store(), transport.as_str());
    let parked = delivery::list(store, name, listed(&query, None)?).await?;
    let places: Vec<_> = parked.iter().map(|row| row.delivery.event_seq).collect();
    let names = event::instance_names(store, &places).await?;
    let rows: Vec<_> = parked
        .iter()
        .map(|parked| {
            let mut shown = row(parked);
            shown["instance"] = json!(names.get(&parked.delivery.event_seq));
            shown
        })
        .collect();
    Ok(warn_if_off(&api, transport, Json(rows).into_response()))
}

fn listed<'a>(query: &Query, line: Option<&'a InstanceId>) -> Result<Listed<'a>, ApiError> {
    let state = match query.text("state") {
        None => None,
        Some(text) => Some(DeliveryState::parse(text).ok_or_else(|| {
            ApiError::bad_request("state is not one of enum values: waiting,dead")
        })?),
    };
    let limit = query.number("limit").unwrap_or(USUAL).min(MOST);
    Ok(Listed {
        of: Of::Line(line),
        state,
        before: query
            .number("after")
            .map(|id| i64::try_from(id).unwrap_or(i64::MAX)),
        limit: u32::try_from(limit).unwrap_or(u32::MAX),
    })
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

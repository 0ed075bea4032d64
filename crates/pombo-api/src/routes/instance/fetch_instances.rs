use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use pombo_core::{Entry, Gateway};
use pombo_domain::id::InstanceId;
use pombo_domain::port::Access;
use pombo_domain::subscription::TransportKind;
use pombo_store::instance::{self, Counts};
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::extract::{AnyKey, Query};
use crate::routes::event::row;

/// `GET /instance/fetchInstances`: the instances that the key opens, each with its token.
///
/// The global key sees all, or the one that `instanceId`, else `number`, else `instanceName` names (404 when there is none). A
/// token sees its own; with `instanceName` or `instanceId` only if they fit (else 401). `page` and `limit` cut the list.
pub(super) async fn fetch_instances(
    AnyKey(access): AnyKey,
    State(gateway): State<Arc<Gateway>>,
    query: Query,
) -> Result<Json<Vec<Value>>, ApiError> {
    let mut entries = match access {
        Access::Global => visible_to_all(&gateway, &query)?,
        Access::Instances(ids) => visible_to_token(&gateway, &ids, &query)?,
    };
    if let Some(limit) = query.number("limit") {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let page = usize::try_from(query.number("page").unwrap_or(1)).unwrap_or(usize::MAX);
        entries = entries
            .into_iter()
            .skip(limit.saturating_mul(page - 1))
            .take(limit)
            .collect();
    }
    let only = match entries.as_slice() {
        [one] => Some(one.state().instance.id.clone()),
        _ => None,
    };
    let counts = instance::counts(gateway.store(), only.as_ref()).await?;
    Ok(Json(
        entries
            .iter()
            .map(|entry| element(entry, &counts))
            .collect(),
    ))
}

fn visible_to_all(gateway: &Gateway, query: &Query) -> Result<Vec<Arc<Entry>>, ApiError> {
    let not_found = |what: &str| ApiError::not_found(format!("Instance \"{what}\" not found"));
    if let Some(id) = query.text("instanceId") {
        let entry = gateway
            .instance_by_id(&InstanceId::from(id))
            .ok_or_else(|| not_found(id))?;
        return Ok(vec![entry]);
    }
    if let Some(number) = query.text("number") {
        let mut entries = gateway.instances();
        entries.retain(|entry| entry.state().instance.number.as_deref() == Some(number));
        return if entries.is_empty() {
            Err(not_found(number))
        } else {
            Ok(entries)
        };
    }
    if let Some(name) = query.text("instanceName") {
        return gateway
            .instance(name)
            .map(|entry| vec![entry])
            .ok_or_else(|| not_found(name));
    }
    Ok(gateway.instances())
}

fn visible_to_token(
    gateway: &Gateway,
    ids: &[InstanceId],
    query: &Query,
) -> Result<Vec<Arc<Entry>>, ApiError> {
    let (name, id) = (query.text("instanceName"), query.text("instanceId"));
    let entries: Vec<_> = ids
        .iter()
        .filter_map(|id| gateway.instance_by_id(id))
        .filter(|entry| {
            let instance = Arc::clone(&entry.state().instance);
            name.is_none_or(|name| instance.name.as_str() == name)
                && id.is_none_or(|id| instance.id.as_str() == id)
        })
        .collect();
    if entries.is_empty() {
        Err(ApiError::unauthorised())
    } else {
        Ok(entries)
    }
}

fn element(entry: &Entry, counts: &HashMap<InstanceId, Counts>) -> Value {
    let state = entry.state();
    let count = counts.get(&state.instance.id).copied().unwrap_or_default();
    let subscription = |transport| {
        state
            .subscriptions
            .get(&transport)
            .map(|stored| row(stored))
    };
    let mut element = json!(*state.instance);
    if let Some(members) = element.as_object_mut() {
        for (name, value) in [
            ("Chatwoot", Value::Null),
            ("Proxy", json!(state.proxy)),
            ("Rabbitmq", json!(subscription(TransportKind::Rabbitmq))),
            ("Nats", json!(subscription(TransportKind::Nats))),
            ("Sqs", json!(subscription(TransportKind::Sqs))),
            ("Websocket", json!(subscription(TransportKind::Websocket))),
            ("Setting", json!(state.settings)),
            (
                "_count",
                json!({"Message": count.messages, "Contact": count.contacts, "Chat": count.chats}),
            ),
        ] {
            members.insert(name.to_owned(), value);
        }
    }
    element
}

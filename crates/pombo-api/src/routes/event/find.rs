use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue};
use pombo_domain::subscription::TransportKind;
use serde_json::{Value, json};

use super::row::row;
use crate::extract::AuthorisedInstance;
use crate::state::Api;

/// `GET /{transport}/find/{instance}`: the stored subscription, or `null`.
///
/// While events wait for a receiver that cannot be reached, `unreachable` says why.
///
/// For a transport that is switched off for the whole server and has nothing stored: `{"enabled":false,"events":[]}`.
pub(super) async fn find(
    transport: TransportKind,
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
) -> Response {
    let state = entry.state();
    let body = match state.subscriptions.get(&transport) {
        Some(stored) => {
            let mut body = row(stored);
            if let Some(reason) = api.gateway.unreachable(&entry, transport) {
                body["unreachable"] = reason.into();
            }
            body
        }
        None if api.config.is_on(transport) => Value::Null,
        None => json!({"enabled": false, "events": []}),
    };
    warn_if_off(&api, transport, Json(body).into_response())
}

/// Adds `X-Warning` when the transport delivers nothing.
pub(super) fn warn_if_off(api: &Api, transport: TransportKind, mut response: Response) -> Response {
    if !api.config.is_on(transport) {
        let name = transport.as_str();
        let text = format!(
            "{name} is switched off on this server ({}_ENABLED)",
            name.to_uppercase()
        );
        if let Ok(value) = HeaderValue::from_str(&text) {
            response
                .headers_mut()
                .insert(HeaderName::from_static("x-warning"), value);
        }
    }
    response
}

//! The last step of every send.

use std::sync::Arc;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use pombo_core::Entry;
use pombo_domain::channel::ChannelError;
use pombo_domain::message::{Message, Outgoing, SendAction};

use crate::error::ApiError;
use crate::layer::too_slow;
use crate::state::Api;

/// 201 with the message as it was stored and told.
#[derive(Debug)]
pub(super) struct Sent(Message);

impl IntoResponse for Sent {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, Json(self.0.record())).into_response()
    }
}

/// Sends, if the instance's channel can; takes no longer than the server allows, the user's own `delay` aside.
pub(super) async fn send(
    api: &Api,
    entry: &Arc<Entry>,
    action: SendAction,
    outgoing: Outgoing,
) -> Result<Sent, ApiError> {
    api.gateway.check_support(entry, action)?;
    let allowed = api.config.request_timeout.saturating_add(outgoing.delay);
    match tokio::time::timeout(allowed, api.gateway.send(entry, outgoing)).await {
        Ok(sent) => Ok(Sent(sent?)),
        Err(_) => Err(too_slow()),
    }
}

/// The answer of actions that no channel of this build can do: the request was fine, the channel cannot.
pub(super) fn unsupported(api: &Api, entry: &Entry, action: SendAction) -> ApiError {
    match api.gateway.check_support(entry, action) {
        Err(error) => error.into(),
        Ok(()) => ChannelError::NotAvailable(entry.state().instance.channel).into(),
    }
}

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use pombo_domain::subscription::TransportKind;

use super::find::warn_if_off;
use super::row::row;
use crate::error::ApiError;
use crate::extract::AuthorisedInstance;
use crate::state::Api;

/// `POST /{transport}/pause/{instance}`: what happens from now on waits until the line is resumed, across restarts too. At
/// most as long as the log keeps events.
///
/// The row as stored, with `paused: true`. 404 when nothing was set.
pub(super) async fn pause(
    transport: TransportKind,
    instance: AuthorisedInstance,
    api: State<Api>,
) -> Result<Response, ApiError> {
    set_paused(transport, instance, api, true).await
}

/// Shared with `resume`.
pub(super) async fn set_paused(
    transport: TransportKind,
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    paused: bool,
) -> Result<Response, ApiError> {
    let stored = api
        .gateway
        .set_paused(&entry, transport, paused)
        .await?
        .ok_or_else(|| {
            ApiError::not_found(format!(
                "no {} is set for this instance",
                transport.as_str()
            ))
        })?;
    Ok(warn_if_off(
        &api,
        transport,
        Json(row(&stored)).into_response(),
    ))
}

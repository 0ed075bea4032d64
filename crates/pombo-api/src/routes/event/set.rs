use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use pombo_domain::subscription::TransportKind;

use super::change;
use super::find::warn_if_off;
use super::row::row;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, RawBody};
use crate::state::Api;

/// `POST /{transport}/set/{instance}`: which events go over this transport, and with which options.
///
/// 201 with the row as stored, also while the transport is switched off for the whole server; then the header `X-Warning`
/// says so.
pub(super) async fn set(
    transport: TransportKind,
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    body: RawBody,
) -> Result<Response, ApiError> {
    let (members, origin) = body.members()?;
    let change = change::from_body(transport, members, origin)?;
    let stored = api
        .gateway
        .set_subscription(&entry, transport, change)
        .await?;
    let response = (StatusCode::CREATED, Json(row(&stored))).into_response();
    Ok(warn_if_off(&api, transport, response))
}

//! Calls.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::super::body::{Body, Part};
use super::super::error::AdminError;
use super::{DONE, Done, phone};
use crate::network::Network;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Call {
    to: String,
    #[serde(default)]
    video: bool,
}

#[derive(Debug, Serialize)]
pub(in super::super) struct Ringing {
    id: String,
}

/// `POST /admin/phones/{number}/calls`: it rings at the other side.
pub(in super::super) async fn call(
    State(network): State<Arc<Network>>,
    Part(number): Part<String>,
    Body(call): Body<Call>,
) -> Result<(StatusCode, Json<Ringing>), AdminError> {
    let id = phone(&network, &number)?.call(&call.to, call.video).await?;
    Ok((StatusCode::CREATED, Json(Ringing { id })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Change {
    action: Action,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Action {
    Accept,
    Reject,
    HangUp,
}

/// `PUT /admin/phones/{number}/calls/{call}`: takes, refuses or ends a call.
pub(in super::super) async fn change(
    State(network): State<Arc<Network>>,
    Part((number, call)): Part<(String, String)>,
    Body(change): Body<Change>,
) -> Done {
    let phone = phone(&network, &number)?;
    match change.action {
        Action::Accept => phone.accept(&call).await?,
        Action::Reject => phone.reject(&call).await?,
        Action::HangUp => phone.hang_up(&call).await?,
    }
    DONE
}

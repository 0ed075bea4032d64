//! Files that were uploaded.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;

use super::body::{Asked, Body};
use super::error::AdminError;
use crate::media::MediaInfo;
use crate::network::Network;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Filter {
    token: Option<String>,
}

/// `GET /admin/media`: all of them, or those with one token.
pub(super) async fn list(
    State(network): State<Arc<Network>>,
    Asked(filter): Asked<Filter>,
) -> Json<Vec<MediaInfo>> {
    let mut files = network.media.list();
    files.retain(|file| {
        filter
            .token
            .as_ref()
            .is_none_or(|token| file.token == *token)
    });
    Json(files)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Remove {
    direct_path: String,
    #[serde(default = "gone")]
    status: u16,
}

const fn gone() -> u16 {
    410
}

/// `DELETE /admin/media`: from now on its path is answered with 404 or 410.
pub(super) async fn remove(
    State(network): State<Arc<Network>>,
    Body(remove): Body<Remove>,
) -> Result<StatusCode, AdminError> {
    if !matches!(remove.status, 404 | 410) {
        return Err(AdminError::bad_request("`status` must be 404 or 410"));
    }
    if network.media.remove(&remove.direct_path, remove.status) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(AdminError::not_found("no file has this path"))
    }
}

//! Remote control over HTTP, under `/admin/`.

use std::sync::Arc;

use axum::Router;

use crate::network::Network;

/// The routes under `/admin/`.
pub(crate) fn router() -> Router<Arc<Network>> {
    Router::new()
}

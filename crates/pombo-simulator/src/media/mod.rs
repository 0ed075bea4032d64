//! Files beside the stanzas: encrypted media, history, snapshots, profile pictures.

mod store;

use std::sync::Arc;

use axum::Router;

pub(crate) use store::MediaStore;

use crate::network::Network;

/// The HTTP routes of media.
pub(crate) fn router() -> Router<Arc<Network>> {
    Router::new()
}

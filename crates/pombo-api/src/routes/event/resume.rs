use axum::extract::State;
use axum::response::Response;
use pombo_domain::subscription::TransportKind;

use super::pause::set_paused;
use crate::error::ApiError;
use crate::extract::AuthorisedInstance;
use crate::state::Api;

/// `POST /{transport}/resume/{instance}`: the line goes on with what waited, in order.
///
/// The row as stored. 404 when nothing was set.
pub(super) async fn resume(
    transport: TransportKind,
    instance: AuthorisedInstance,
    api: State<Api>,
) -> Result<Response, ApiError> {
    set_paused(transport, instance, api, false).await
}

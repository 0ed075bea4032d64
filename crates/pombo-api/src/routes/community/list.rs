use axum::Json;
use axum::extract::State;
use pombo_core::Gateway;
use pombo_domain::group::Group;

use crate::error::ApiError;
use crate::extract::AuthorisedInstance;
use crate::state::Api;

/// `GET /community/list/{instance}`: the communities that the account is in, each as `/group/create` shows a group.
pub(super) async fn list(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
) -> Result<Json<Vec<Group>>, ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let communities = Gateway::communities(&entry, &*channel)?;
    Ok(Json(communities.joined().await?))
}

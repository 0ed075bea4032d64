use axum::Json;
use axum::extract::State;
use pombo_core::Gateway;
use pombo_domain::group::Group;

use super::named;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Query};
use crate::state::Api;

/// `GET /community/find/{instance}?communityJid=`: one community, as `/group/create` shows a group.
///
/// 400 for a group that is none.
pub(super) async fn find(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    query: Query,
) -> Result<Json<Group>, ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let communities = Gateway::communities(&entry, &*channel)?;
    Ok(Json(communities.find(named(&query)?).await?))
}

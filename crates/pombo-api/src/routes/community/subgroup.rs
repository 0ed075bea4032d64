use axum::Json;
use axum::extract::State;
use pombo_core::Gateway;
use pombo_domain::group::Group;

use super::{group_in, named};
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Query};
use crate::state::Api;

/// `GET /community/subgroup/{instance}?communityJid=&groupJid=`: one group of a community, also for those who are not in it.
pub(super) async fn subgroup(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    query: Query,
) -> Result<Json<Group>, ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let communities = Gateway::communities(&entry, &*channel)?;
    let group = group_in(&query, "groupJid")?;
    Ok(Json(communities.subgroup(named(&query)?, group).await?))
}

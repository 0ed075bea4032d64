use axum::Json;
use axum::extract::State;
use pombo_core::Gateway;
use pombo_domain::community::Subgroup;

use super::named;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Query};
use crate::state::Api;

/// `GET /community/subgroups/{instance}?communityJid=`: the groups of a community, the announcements first.
///
/// 200 with `[{id, subject, size?, creation?, owner?, isCommunityAnnounce, isGeneralChat}]`.
pub(super) async fn subgroups(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    query: Query,
) -> Result<Json<Vec<Subgroup>>, ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let communities = Gateway::communities(&entry, &*channel)?;
    Ok(Json(communities.subgroups(named(&query)?).await?))
}

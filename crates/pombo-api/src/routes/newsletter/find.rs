use axum::Json;
use axum::extract::State;
use pombo_core::Gateway;
use pombo_domain::newsletter::Newsletter;
use pombo_domain::port::NewsletterName;

use super::named;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Query};
use crate::state::Api;

/// `GET /newsletter/find/{instance}?newsletterJid=` or `?inviteCode=`: a newsletter, followed or not.
///
/// 200 with it, 404 when there is none.
pub(super) async fn find(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    query: Query,
) -> Result<Json<Newsletter>, ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let newsletters = Gateway::newsletters(&entry, &*channel)?;
    let name = match query.text("inviteCode") {
        Some(code) => NewsletterName::Invite(code.rsplit('/').next().unwrap_or(code)),
        None => NewsletterName::Jid(named(&query)?),
    };
    Ok(Json(newsletters.find(name).await?))
}

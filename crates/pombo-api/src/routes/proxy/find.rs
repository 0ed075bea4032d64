use axum::Json;
use pombo_domain::proxy::ProxyRow;

use crate::extract::AuthorisedInstance;

/// `GET /proxy/find/{instance}`: the stored row, or `null`.
pub(super) async fn find(AuthorisedInstance(entry): AuthorisedInstance) -> Json<Option<ProxyRow>> {
    Json(entry.state().proxy.clone())
}

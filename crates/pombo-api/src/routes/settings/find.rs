use axum::Json;
use pombo_domain::settings::Settings;

use crate::extract::AuthorisedInstance;

/// `GET /settings/find/{instance}`: the eight settings, or `null`.
pub(super) async fn find(AuthorisedInstance(entry): AuthorisedInstance) -> Json<Option<Settings>> {
    Json(
        entry
            .state()
            .settings
            .as_ref()
            .map(|row| row.settings.clone()),
    )
}

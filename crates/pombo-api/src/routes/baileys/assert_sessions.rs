use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use pombo_core::Gateway;
use serde::Deserialize;

use super::required;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::schema::Schema;
use crate::state::Api;

/// `POST /baileys/assertSessions/{instance}`: makes sure that there are sessions with all devices of these people.
///
/// 200 with `true`. `force` is ignored, as in the original.
pub(super) async fn assert_sessions(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<AssertSessions>,
) -> Result<Json<bool>, ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let protocol = Gateway::protocol(&entry, &*channel)?;
    let jids = required("jids", request.jids)?;
    protocol.assert_sessions(&jids).await?;
    Ok(Json(true))
}

#[derive(Deserialize)]
pub(super) struct AssertSessions {
    jids: Option<Vec<String>>,
}

impl Checked for AssertSessions {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            let jids = Schema::array().items(Schema::string());
            Schema::object().property("jids", jids)
        });
        &SCHEMA
    }
}

use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use pombo_core::Gateway;
use serde::Deserialize;
use serde_json::{Value, json};

use super::own::own_or;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::routes::schemas;
use crate::schema::Schema;
use crate::state::Api;

/// `POST /chat/fetchBusinessProfile/{instance}`: what a business shows, or the account itself.
///
/// 200 with `{isBusiness: true, wid, ..}`, or `{isBusiness: false, message, jid, exists, number}`.
pub(super) async fn fetch_business_profile(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<FetchBusinessProfile>,
) -> Result<Json<Value>, ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let profiles = Gateway::profiles(&entry, &*channel)?;
    let jid = own_or(&api, &entry, request.number.as_deref()).await?;
    let Some(profile) = profiles.business_profile(&jid).await? else {
        let number = request.number.unwrap_or_else(|| jid.clone());
        return Ok(Json(json!({
            "isBusiness": false, "message": "Not is business profile",
            "jid": jid, "exists": true, "number": number,
        })));
    };
    let mut shown = json!({"isBusiness": true});
    if let (Value::Object(shown), Value::Object(profile)) = (&mut shown, json!(profile)) {
        shown.extend(profile);
    }
    Ok(Json(shown))
}

#[derive(Deserialize)]
pub(super) struct FetchBusinessProfile {
    number: Option<String>,
}

impl Checked for FetchBusinessProfile {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::profile_number);
        &SCHEMA
    }
}

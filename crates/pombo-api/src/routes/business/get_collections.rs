use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use pombo_core::Gateway;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::routes::chat::own_or;
use crate::routes::schemas;
use crate::schema::Schema;
use crate::state::Api;

/// `POST /business/getCollections/{instance}`: the collections of a business, or of the account.
///
/// 200 with `{wuid, numberExists, isBusiness, collectionsLength, collections}`.
pub(super) async fn get_collections(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<GetCollections>,
) -> Result<Json<Value>, ApiError> {
    let answer = async {
        let channel = api.gateway.channel(&entry)?;
        let profiles = Gateway::profiles(&entry, &*channel)?;
        let jid = own_or(&api, &entry, request.number.as_deref()).await?;
        let business = profiles.business_profile(&jid).await?.is_some();
        let limit = request.limit.unwrap_or(20.0).clamp(1.0, 20.0) as u32;
        let collections = profiles.collections(&jid, limit).await?;
        Ok(Json(json!({
            "wuid": jid, "numberExists": true, "isBusiness": business,
            "collectionsLength": collections.len(), "collections": collections,
        })))
    };
    answer
        .await
        .map_err(|error: ApiError| error.meta("business_collections"))
}

#[derive(Deserialize)]
pub(super) struct GetCollections {
    number: Option<String>,
    limit: Option<f64>,
}

impl Checked for GetCollections {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::catalog);
        &SCHEMA
    }
}

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

/// How many pages one answer follows, as in the original; `cursor` continues.
const PAGES: usize = 5;

/// `POST /business/getCatalog/{instance}`: the products of a business, or of the account.
///
/// 200 with `{wuid, numberExists, isBusiness, catalogLength, catalog, cursor?}`; `cursor` in the body continues where an answer
/// ended.
pub(super) async fn get_catalog(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<GetCatalog>,
) -> Result<Json<Value>, ApiError> {
    let answer = async {
        let channel = api.gateway.channel(&entry)?;
        let profiles = Gateway::profiles(&entry, &*channel)?;
        let jid = own_or(&api, &entry, request.number.as_deref()).await?;
        let business = profiles.business_profile(&jid).await?.is_some();
        let limit = request.limit.unwrap_or(10.0).clamp(1.0, 1000.0) as u32;
        let (mut products, mut cursor) = (Vec::new(), request.cursor.clone());
        for _ in 0..PAGES {
            let page = profiles.catalog(&jid, limit, cursor.as_deref()).await?;
            products.extend(page.products);
            cursor = page.cursor;
            if cursor.is_none() {
                break;
            }
        }
        let mut shown = json!({
            "wuid": jid, "numberExists": true, "isBusiness": business,
            "catalogLength": products.len(), "catalog": products,
        });
        if let (Value::Object(members), Some(cursor)) = (&mut shown, cursor) {
            members.insert("cursor".to_owned(), cursor.into());
        }
        Ok(Json(shown))
    };
    answer
        .await
        .map_err(|error: ApiError| error.meta("business_catalog"))
}

#[derive(Deserialize)]
pub(super) struct GetCatalog {
    number: Option<String>,
    limit: Option<f64>,
    cursor: Option<String>,
}

impl Checked for GetCatalog {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::catalog);
        &SCHEMA
    }
}

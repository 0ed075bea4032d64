use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::routes::schemas;
use crate::schema::Schema;
use crate::state::Api;

/// `POST /chat/whatsappNumbers/{instance}`: who is on WhatsApp.
///
/// 200 with `[{jid, exists, number, name?, lid?, lidJid?}]`: lists first, then groups, then people, as the original answers.
pub(super) async fn whatsapp_numbers(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<WhatsappNumbers>,
) -> Result<Json<Value>, ApiError> {
    let answers = api.gateway.numbers(&entry, &request.numbers).await;
    let mut answers = answers.map_err(|error| ApiError::from(error).raw())?;
    answers.sort_by_key(|answer| match answer.jid.rsplit('@').next() {
        Some("broadcast") => 0,
        Some("g.us") => 1,
        _ => 2,
    });
    Ok(Json(json!(answers)))
}

#[derive(Deserialize)]
pub(super) struct WhatsappNumbers {
    numbers: Vec<String>,
}

impl Checked for WhatsappNumbers {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::numbers);
        &SCHEMA
    }
}

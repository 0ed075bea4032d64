use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use pombo_core::Gateway;
use serde::Deserialize;
use serde_json::{Value, json};

use super::required;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::schema::Schema;
use crate::state::Api;

/// `POST /baileys/onWhatsapp/{instance}`: whether a JID is on WhatsApp.
///
/// 200 with `[{jid, exists: true}]`, or `[]`.
pub(super) async fn on_whatsapp(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<OnWhatsapp>,
) -> Result<Json<Value>, ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let directory = Gateway::directory(&entry, &*channel)?;
    let jid = pombo_domain::jid::normalise(&required("jid", request.jid)?);
    let answers = directory.registered(std::slice::from_ref(&jid)).await?;
    let found = answers.into_iter().filter(|answer| answer.exists);
    Ok(Json(
        found
            .map(|answer| {
                // Asked by LID, answered by LID.
                let jid = if answer.asked.ends_with("@lid") {
                    answer.asked
                } else {
                    answer.jid.unwrap_or(answer.asked)
                };
                json!({"jid": jid, "exists": true})
            })
            .collect(),
    ))
}

#[derive(Deserialize)]
pub(super) struct OnWhatsapp {
    jid: Option<String>,
}

impl Checked for OnWhatsapp {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> =
            LazyLock::new(|| Schema::object().property("jid", Schema::string()));
        &SCHEMA
    }
}

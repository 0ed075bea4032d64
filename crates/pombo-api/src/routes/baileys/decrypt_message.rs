use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pombo_core::Gateway;
use serde::Deserialize;

use super::required;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::schema::Schema;
use crate::state::Api;

/// `POST /baileys/signalRepositoryDecryptMessage/{instance}`: decrypts what a device sent; `type` is `msg` or `pkmsg`,
/// `ciphertext` base64.
///
/// 200 with a JSON text: the content in base64, still padded.
pub(super) async fn decrypt_message(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<DecryptMessage>,
) -> Result<Json<String>, ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let protocol = Gateway::protocol(&entry, &*channel)?;
    let jid = required("jid", request.jid)?;
    let kind = required("type", request.kind)?;
    let ciphertext = STANDARD
        .decode(required("ciphertext", request.ciphertext)?.trim())
        .map_err(|_| ApiError::bad_request("ciphertext is not base64"))?;
    let content = protocol.decrypt(&jid, &kind, &ciphertext).await?;
    Ok(Json(STANDARD.encode(content)))
}

#[derive(Deserialize)]
pub(super) struct DecryptMessage {
    jid: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    ciphertext: Option<String>,
}

impl Checked for DecryptMessage {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            Schema::object()
                .properties(&["jid", "ciphertext"], &Schema::string())
                .property("type", Schema::string().one_of(&["msg", "pkmsg"]))
        });
        &SCHEMA
    }
}

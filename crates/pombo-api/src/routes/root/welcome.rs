use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::state::Api;

/// The version of the original that clients look for; some refuse anything but `2.x`.
const COMPATIBLE_VERSION: &str = "2.3.6";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Welcome {
    status: u16,
    message: &'static str,
    version: &'static str,
    client_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    whatsapp_web_version: Option<String>,
    pombo: &'static str,
}

/// `GET /`: who answers here. Never calls anybody.
pub(super) async fn welcome(State(api): State<Api>) -> Json<Welcome> {
    Json(Welcome {
        status: 200,
        message: "Welcome to Pombo, compatible with Evolution API v2. It is working!",
        version: COMPATIBLE_VERSION,
        client_name: api.gateway.config().client_name.clone(),
        whatsapp_web_version: api.config.whatsapp_web_version.clone(),
        pombo: env!("CARGO_PKG_VERSION"),
    })
}

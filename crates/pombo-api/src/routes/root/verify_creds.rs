use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::extract::GlobalKey;
use crate::state::Api;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Credentials {
    status: u16,
    message: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    facebook_app_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    facebook_config_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    facebook_user_token: Option<String>,
}

/// `POST /verify-creds`: 200 for the global key, 401 for every other.
pub(super) async fn verify_creds(_: GlobalKey, State(api): State<Api>) -> Json<Credentials> {
    let meta = &api.config.meta;
    Json(Credentials {
        status: 200,
        message: "Credentials are valid",
        facebook_app_id: meta.app_id.clone(),
        facebook_config_id: meta.config_id.clone(),
        facebook_user_token: meta.user_token.clone(),
    })
}

use std::sync::LazyLock;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use pombo_core::Gateway;
use pombo_domain::channel::ChannelError;
use pombo_domain::jid;
use serde::Deserialize;

use super::required;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::schema::Schema;
use crate::state::Api;

/// `POST /baileys/profilePictureUrl/{instance}`: where a picture is; `type` is `image` (whole) or `preview`.
///
/// 200 with a JSON text, or without a body when there is none to be seen. Takes at most `timeoutMs`.
pub(super) async fn profile_picture_url(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<ProfilePictureUrl>,
) -> Result<Response, ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let protocol = Gateway::protocol(&entry, &*channel)?;
    let jid = jid::normalise(&required("jid", request.jid)?);
    let preview = request.kind.as_deref() != Some("image");
    let most = api.config.request_timeout;
    let patience = request
        .timeout_ms
        .and_then(|millis| Duration::try_from_secs_f64(millis / 1000.0).ok())
        .filter(|patience| !patience.is_zero())
        .map_or(most, |patience| patience.min(most));
    let asked = tokio::time::timeout(patience, protocol.picture_url(&jid, preview)).await;
    let url = asked
        .map_err(|_| ChannelError::TimedOut("WhatsApp did not answer in time".to_owned()))??;
    Ok(match url {
        Some(url) => Json(url).into_response(),
        None => ().into_response(),
    })
}

#[derive(Deserialize)]
pub(super) struct ProfilePictureUrl {
    jid: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(rename = "timeoutMs")]
    timeout_ms: Option<f64>,
}

impl Checked for ProfilePictureUrl {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            Schema::object()
                .property("jid", Schema::string())
                .property("type", Schema::string().one_of(&["image", "preview"]))
                .property("timeoutMs", Schema::number())
        });
        &SCHEMA
    }
}

use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_core::{Gateway, SendError};
use pombo_domain::channel::{ChannelEvent, LabelNews};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::routes::answer::failed;
use crate::routes::schemas;
use crate::schema::Schema;
use crate::state::Api;

/// `POST /label/handleLabel/{instance}`: puts a label on a chat or takes it off.
///
/// 200 with `{numberJid, labelId, add: true}` or `{.., remove: true}`. 404 for a number that is not on WhatsApp.
pub(super) async fn handle_label(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<HandleLabel>,
) -> Result<Json<Value>, ApiError> {
    let add = request.action == "add";
    let channel = api.gateway.channel(&entry)?;
    let profiles = Gateway::profiles(&entry, &*channel)?;
    let jid = match api.gateway.recipient(&entry, &request.number).await {
        Ok(jid) => jid,
        Err(SendError::NotOnWhatsapp(_)) => {
            return Err(ApiError::listed(
                StatusCode::NOT_FOUND,
                ["Number not found", "Number is not on WhatsApp"],
            ));
        }
        Err(error) => return Err(error.into()),
    };
    let context = if add {
        "Unable to add label to chat"
    } else {
        "Unable to remove label to chat"
    };
    profiles
        .label_chat(&request.label_id, &jid, add)
        .await
        .map_err(|error| failed(StatusCode::BAD_REQUEST, context, error.into()))?;
    // The network does not tell a device of its own changes.
    let news = LabelNews::Chat {
        label: request.label_id.clone(),
        jid: jid.clone(),
        labeled: add,
    };
    api.gateway
        .accept(&entry, ChannelEvent::Label(news))
        .await?;
    let done = if add { "add" } else { "remove" };
    Ok(Json(
        json!({"numberJid": jid, "labelId": request.label_id, done: true}),
    ))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HandleLabel {
    number: String,
    label_id: String,
    action: String,
}

impl Checked for HandleLabel {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::label);
        &SCHEMA
    }
}

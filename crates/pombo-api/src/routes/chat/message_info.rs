use std::sync::{Arc, LazyLock};

use axum::Json;
use axum::extract::State;
use pombo_core::{Gateway, Recipient};
use pombo_domain::clock::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::routes::schemas;
use crate::schema::Schema;

/// `POST /chat/messageInfo/{instance}`: who got, read and played a stored message of the account's own. Not known to the original.
///
/// 200 with `{key, messageType, messageTimestamp, status, recipients: [{jid, status, deliveredAt, readAt, playedAt}]}`; the times are
/// those at which the news came. 404 for a message that is not stored. Needs `DATABASE_SAVE_MESSAGE_UPDATE`.
pub(super) async fn message_info(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(gateway): State<Arc<Gateway>>,
    ValidJson(request): ValidJson<MessageInfo>,
) -> Result<Json<Value>, ApiError> {
    let found = gateway.message_info(&entry, &request.key.id).await?;
    let (message, recipients) = found.ok_or_else(|| ApiError::not_found("Message not found"))?;
    Ok(Json(json!({
        "key": message.key,
        "messageType": message.message_type,
        "messageTimestamp": message.timestamp,
        "status": message.status,
        "recipients": recipients.iter().map(show).collect::<Vec<_>>(),
    })))
}

fn show(recipient: &Recipient) -> Value {
    let time = |at: Option<Timestamp>| at.map(Timestamp::to_iso);
    json!({
        "jid": recipient.jid,
        "status": recipient.status(),
        "deliveredAt": time(recipient.delivered_at),
        "readAt": time(recipient.read_at),
        "playedAt": time(recipient.played_at),
    })
}

#[derive(Deserialize)]
pub(super) struct MessageInfo {
    key: Key,
}

#[derive(Deserialize)]
struct Key {
    id: String,
}

impl Checked for MessageInfo {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::message_id);
        &SCHEMA
    }
}

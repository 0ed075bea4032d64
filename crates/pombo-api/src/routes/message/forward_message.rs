use std::sync::LazyLock;

use axum::extract::State;
use pombo_domain::message::{MessageStatus, OutgoingContent, SendAction};
use pombo_store::message;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::options::{Options, number, with_options};
use super::send::{Sent, send};
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::schema::Schema;
use crate::state::Api;

/// `POST /message/forwardMessage/{instance}`: passes a message on, marked as forwarded; its file is not sent anew. Not known to the
/// original.
///
/// 201 with the stored message. The message is the stored one of `key.id`, or `message` (a content as in records). 404 when it is not
/// stored, 400 for what cannot be passed on.
pub(super) async fn forward_message(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<ForwardMessage>,
) -> Result<Sent, ApiError> {
    api.gateway.check_support(&entry, SendAction::Forward)?;
    let message = match request.message.filter(|content| !content.is_empty()) {
        Some(content) => Value::Object(content),
        None => {
            let instance = entry.state().instance.id.clone();
            let stored =
                message::by_key_id(api.gateway.store(), &instance, &request.key.id).await?;
            let stored = stored.ok_or_else(|| ApiError::not_found("Message not found"))?;
            if stored.status == Some(MessageStatus::Deleted) {
                return Err(ApiError::bad_request("The message was deleted"));
            }
            stored.message
        }
    };
    let content = OutgoingContent::Forward { message };
    let outgoing = request.options.outgoing(request.number, content);
    send(&api, &entry, SendAction::Forward, outgoing).await
}

#[derive(Deserialize)]
pub(super) struct ForwardMessage {
    number: String,
    key: Key,
    message: Option<Map<String, Value>>,
    #[serde(flatten)]
    options: Options,
}

#[derive(Deserialize)]
struct Key {
    id: String,
}

impl Checked for ForwardMessage {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            let key = Schema::object()
                .properties(&["id", "remoteJid"], &Schema::string())
                .property("fromMe", Schema::strict_boolean())
                .required(&["id"])
                .not_empty(&["id"]);
            let schema = Schema::object()
                .property("number", number())
                .property("key", key)
                .property("message", Schema::object());
            with_options(schema).required(&["number", "key"])
        });
        &SCHEMA
    }
}

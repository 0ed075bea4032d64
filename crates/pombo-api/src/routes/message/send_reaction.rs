use std::sync::LazyLock;

use axum::extract::State;
use pombo_domain::message::{MessageKey, OutgoingContent, SendAction};
use serde::Deserialize;

use super::emoji;
use super::options::Options;
use super::send::{Sent, send};
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::schema::Schema;
use crate::state::Api;

/// `POST /message/sendReaction/{instance}`: puts an emoji on a message, or takes it off.
pub(super) async fn send_reaction(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<SendReaction>,
) -> Result<Sent, ApiError> {
    if !request.reaction.is_empty() && !emoji::is_single(&request.reaction) {
        return Err(ApiError::bad_request(
            "Reaction must be a single emoji or empty string",
        ));
    }
    let number = request.key.remote_jid.clone();
    let content = OutgoingContent::Reaction {
        target: request.key,
        emoji: request.reaction,
    };
    let outgoing = Options::default().outgoing(number, content);
    send(&api, &entry, SendAction::Reaction, outgoing).await
}

#[derive(Deserialize)]
pub(super) struct SendReaction {
    key: MessageKey,
    reaction: String,
}

impl Checked for SendReaction {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            let key = Schema::object()
                .properties(&["id", "remoteJid"], &Schema::string())
                .property("fromMe", Schema::strict_boolean())
                .required(&["id", "remoteJid", "fromMe"])
                .not_empty(&["id", "remoteJid"]);
            Schema::object()
                .property("key", key)
                .property("reaction", Schema::string())
                .required(&["key", "reaction"])
        });
        &SCHEMA
    }
}

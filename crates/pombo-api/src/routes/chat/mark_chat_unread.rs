use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use pombo_domain::port::ChatAction;
use serde::Deserialize;
use serde_json::{Value, json};

use super::given_message::{GivenMessage, which};
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::routes::answer::failed;
use crate::routes::schemas;
use crate::schema::Schema;
use crate::state::Api;

/// `POST /chat/markChatUnread/{instance}`: marks a chat as unread.
///
/// 201 with `{chatId, markedChatUnread: true}`.
pub(super) async fn mark_chat_unread(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<MarkChatUnread>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let (chat, last) = which(request.chat, request.last_message)?;
    let jid = api
        .gateway
        .change_chat(&entry, &chat, &ChatAction::Read(false), last)
        .await
        .map_err(|error| {
            let context = "An error occurred while marked unread the chat. Open a calling.";
            failed(StatusCode::INTERNAL_SERVER_ERROR, context, error)
        })?;
    Ok((
        StatusCode::CREATED,
        Json(json!({"chatId": jid, "markedChatUnread": true})),
    ))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MarkChatUnread {
    chat: Option<String>,
    last_message: Option<GivenMessage>,
}

impl Checked for MarkChatUnread {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::unread);
        &SCHEMA
    }
}

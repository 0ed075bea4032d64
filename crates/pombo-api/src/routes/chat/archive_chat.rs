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

/// `POST /chat/archiveChat/{instance}`: archives a chat, or takes it out of the archive.
///
/// 201 with `{chatId, archived}`. Without `lastMessage` the newest stored message of `chat` counts.
pub(super) async fn archive_chat(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<ArchiveChat>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let (chat, last) = which(request.chat, request.last_message)?;
    let action = ChatAction::Archive(request.archive);
    let jid = api
        .gateway
        .change_chat(&entry, &chat, &action, last)
        .await
        .map_err(|error| {
            let context = "An error occurred while archiving the chat. Open a calling.";
            failed(StatusCode::INTERNAL_SERVER_ERROR, context, error)
        })?;
    // Compatible: true also when the chat leaves the archive.
    Ok((
        StatusCode::CREATED,
        Json(json!({"chatId": jid, "archived": true})),
    ))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ArchiveChat {
    archive: bool,
    chat: Option<String>,
    last_message: Option<GivenMessage>,
}

impl Checked for ArchiveChat {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::archive);
        &SCHEMA
    }
}

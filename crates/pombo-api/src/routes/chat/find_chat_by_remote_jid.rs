use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use pombo_core::Gateway;
use pombo_domain::chat::Chat;
use pombo_store::chat;

use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Query};

/// `GET /chat/findChatByRemoteJid/{instance}?remoteJid=`: the chat of exactly this address, or `null`.
pub(super) async fn find_chat_by_remote_jid(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(gateway): State<Arc<Gateway>>,
    query: Query,
) -> Result<Json<Option<Chat>>, ApiError> {
    let remote_jid = query
        .text("remoteJid")
        .ok_or_else(|| ApiError::bad_request("remoteJid is a required query parameter").bare())?;
    Ok(Json(
        chat::by_remote_jid(gateway.store(), &entry.state().instance.id, remote_jid).await?,
    ))
}

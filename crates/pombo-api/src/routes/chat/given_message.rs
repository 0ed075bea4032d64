//! The newest message of a chat, as callers give it.

use pombo_domain::message::MessageKey;
use pombo_domain::port::LastMessage;
use serde::Deserialize;

use crate::error::ApiError;

/// `{key: {id, remoteJid, fromMe}, messageTimestamp?}`
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GivenMessage {
    key: MessageKey,
    message_timestamp: Option<i64>,
}

/// The chat that is meant, and its newest message when the caller gave it with its time.
pub(super) fn which(
    chat: Option<String>,
    last: Option<GivenMessage>,
) -> Result<(String, Option<LastMessage>), ApiError> {
    let chat = chat
        .filter(|chat| !chat.is_empty())
        .or_else(|| last.as_ref().map(|last| last.key.remote_jid.clone()))
        .ok_or_else(|| ApiError::bad_request("chat or lastMessage is required"))?;
    let last = last.and_then(|last| {
        Some(LastMessage {
            timestamp: seconds(last.message_timestamp?),
            key: last.key,
        })
    });
    Ok((chat, last))
}

/// Some clients send milliseconds.
fn seconds(time: i64) -> i64 {
    if time > 100_000_000_000 {
        time / 1000
    } else {
        time
    }
}

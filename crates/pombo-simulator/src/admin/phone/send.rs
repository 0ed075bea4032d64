//! Sending.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::super::body::{Body, Part};
use super::super::error::AdminError;
use super::content::Content;
use super::phone;
use crate::network::Network;
use crate::phone::content::{ViewOnce, ephemeral, forwarded, mentioning, quoting, view_once};
use crate::phone::{PhoneError, SendOptions, SentBy};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct Send {
    /// An address, or a person's number.
    to: String,
    content: Content,
    /// An id of one's own.
    id: Option<String>,
    /// The id of a message in the same chat.
    quote: Option<String>,
    #[serde(default)]
    mentions: Vec<String>,
    #[serde(default)]
    view_once: bool,
    ephemeral: Option<u32>,
    forwarded: Option<u32>,
    /// Who sees a status.
    viewers: Option<Vec<String>>,
}

/// A message that the network has taken.
#[derive(Debug, Serialize)]
pub(in super::super) struct Sent {
    id: String,
    chat: String,
}

impl From<SentBy> for Sent {
    fn from(sent: SentBy) -> Self {
        Self {
            id: sent.id,
            chat: sent.chat,
        }
    }
}

/// `POST /admin/phones/{number}/messages`.
pub(in super::super) async fn send(
    State(network): State<Arc<Network>>,
    Part(number): Part<String>,
    Body(send): Body<Send>,
) -> Result<(StatusCode, Json<Sent>), AdminError> {
    let phone = phone(&network, &number)?;
    let mut message = send.content.message(&phone, network.clock.now()).await?;
    if let Some(id) = send.quote {
        let chat = phone.chat(&send.to);
        let quoted = chat.as_ref().and_then(|chat| chat.message(&id));
        let quoted = quoted.ok_or(PhoneError::NoMessage {
            chat: send.to.clone(),
            id,
        })?;
        message = quoting(message, quoted);
    }
    if !send.mentions.is_empty() {
        let people: Vec<&str> = send.mentions.iter().map(String::as_str).collect();
        message = mentioning(message, &people);
    }
    if let Some(score) = send.forwarded {
        message = forwarded(message, score);
    }
    if send.view_once {
        message = view_once(message, ViewOnce::V2);
    }
    if let Some(seconds) = send.ephemeral {
        message = ephemeral(message, seconds);
    }
    let options = SendOptions {
        id: send.id,
        status_viewers: send.viewers,
        ..SendOptions::default()
    };
    let sent = phone.send_with(&send.to, message, options).await?;
    Ok((StatusCode::CREATED, Json(sent.into())))
}

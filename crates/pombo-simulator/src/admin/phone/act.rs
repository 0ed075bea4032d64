//! What a user does with messages and chats that are there.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use waproto::whatsapp::message::event_response_message::EventResponseType;

use super::super::body::{Body, Part};
use super::super::error::AdminError;
use super::send::Sent;
use super::{DONE, Done, phone};
use crate::network::Network;
use crate::phone::content::{pin, text, unpin};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Read {
    chat: String,
    /// Absent: all that is unread.
    id: Option<String>,
}

/// `POST /admin/phones/{number}/read`.
pub(in super::super) async fn read(
    State(network): State<Arc<Network>>,
    Part(number): Part<String>,
    Body(read): Body<Read>,
) -> Done {
    let phone = phone(&network, &number)?;
    match read.id {
        Some(id) => phone.read_message(&read.chat, &id).await?,
        None => phone.read(&read.chat).await?,
    }
    DONE
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Message {
    chat: String,
    id: String,
}

/// `POST /admin/phones/{number}/played`.
pub(in super::super) async fn play(
    State(network): State<Arc<Network>>,
    Part(number): Part<String>,
    Body(message): Body<Message>,
) -> Done {
    phone(&network, &number)?
        .play(&message.chat, &message.id)
        .await?;
    DONE
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct React {
    chat: String,
    id: String,
    /// Empty: the reaction is taken back.
    emoji: String,
}

/// `POST /admin/phones/{number}/reactions`.
pub(in super::super) async fn react(
    State(network): State<Arc<Network>>,
    Part(number): Part<String>,
    Body(react): Body<React>,
) -> Result<Json<Sent>, AdminError> {
    let phone = phone(&network, &number)?;
    Ok(Json(
        phone
            .react(&react.chat, &react.id, &react.emoji)
            .await?
            .into(),
    ))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Edit {
    chat: String,
    id: String,
    text: String,
}

/// `POST /admin/phones/{number}/edits`.
pub(in super::super) async fn edit(
    State(network): State<Arc<Network>>,
    Part(number): Part<String>,
    Body(edit): Body<Edit>,
) -> Result<Json<Sent>, AdminError> {
    let phone = phone(&network, &number)?;
    Ok(Json(
        phone
            .edit(&edit.chat, &edit.id, text(&edit.text))
            .await?
            .into(),
    ))
}

/// `POST /admin/phones/{number}/revocations`: deletes a message for everybody.
pub(in super::super) async fn revoke(
    State(network): State<Arc<Network>>,
    Part(number): Part<String>,
    Body(message): Body<Message>,
) -> Result<Json<Sent>, AdminError> {
    let phone = phone(&network, &number)?;
    Ok(Json(phone.revoke(&message.chat, &message.id).await?.into()))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Vote {
    chat: String,
    id: String,
    options: Vec<String>,
}

/// `POST /admin/phones/{number}/votes`.
pub(in super::super) async fn vote(
    State(network): State<Arc<Network>>,
    Part(number): Part<String>,
    Body(vote): Body<Vote>,
) -> Result<Json<Sent>, AdminError> {
    let phone = phone(&network, &number)?;
    let options: Vec<&str> = vote.options.iter().map(String::as_str).collect();
    Ok(Json(
        phone.vote(&vote.chat, &vote.id, &options).await?.into(),
    ))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Respond {
    chat: String,
    id: String,
    response: EventAnswer,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
enum EventAnswer {
    Going,
    NotGoing,
    Maybe,
}

/// `POST /admin/phones/{number}/responses`: answers an event.
pub(in super::super) async fn respond(
    State(network): State<Arc<Network>>,
    Part(number): Part<String>,
    Body(respond): Body<Respond>,
) -> Result<Json<Sent>, AdminError> {
    let phone = phone(&network, &number)?;
    let response = match respond.response {
        EventAnswer::Going => EventResponseType::GOING,
        EventAnswer::NotGoing => EventResponseType::NOT_GOING,
        EventAnswer::Maybe => EventResponseType::MAYBE,
    };
    Ok(Json(
        phone
            .respond(&respond.chat, &respond.id, response)
            .await?
            .into(),
    ))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Pin {
    chat: String,
    id: String,
    /// For so long; absent: it is unpinned.
    seconds: Option<u32>,
}

/// `POST /admin/phones/{number}/pins`: pins a message for everybody.
pub(in super::super) async fn pin_message(
    State(network): State<Arc<Network>>,
    Part(number): Part<String>,
    Body(wanted): Body<Pin>,
) -> Result<Json<Sent>, AdminError> {
    let phone = phone(&network, &number)?;
    let key = phone.key(&wanted.chat, &wanted.id)?;
    let now = i64::try_from(network.clock.now_ms()).unwrap_or(i64::MAX);
    let message = match wanted.seconds {
        Some(seconds) => pin(key, seconds, now),
        None => unpin(key, now),
    };
    Ok(Json(phone.send(&wanted.chat, message).await?.into()))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Typing {
    chat: String,
    state: ChatState,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
enum ChatState {
    Typing,
    Recording,
    Paused,
}

/// `POST /admin/phones/{number}/typing`.
pub(in super::super) async fn typing(
    State(network): State<Arc<Network>>,
    Part(number): Part<String>,
    Body(typing): Body<Typing>,
) -> Done {
    let phone = phone(&network, &number)?;
    match typing.state {
        ChatState::Typing => phone.typing(&typing.chat).await?,
        ChatState::Recording => phone.recording(&typing.chat).await?,
        ChatState::Paused => phone.paused(&typing.chat).await?,
    }
    DONE
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Presence {
    available: Option<bool>,
    /// Somebody whose presence the phone wants to know from now on.
    watch: Option<String>,
}

/// `POST /admin/phones/{number}/presence`.
pub(in super::super) async fn presence(
    State(network): State<Arc<Network>>,
    Part(number): Part<String>,
    Body(presence): Body<Presence>,
) -> Done {
    let phone = phone(&network, &number)?;
    match presence.available {
        Some(true) => phone.available().await?,
        Some(false) => phone.unavailable().await?,
        None => {}
    }
    if let Some(person) = presence.watch {
        phone.watch(&person).await?;
    }
    DONE
}

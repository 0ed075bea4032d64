//! What is done with messages that are already there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pombo_domain::channel::{ChannelError, PresenceState};
use pombo_domain::message::MessageKey;
use pombo_domain::port::{Download, MessageActions, Protocolled};
use serde_json::{Value, json};
use tracing::debug;
use wacore_binary::{Jid, JidExt as _};
use waproto::whatsapp as wa;
use whatsapp_rust::features::{AppStateError, StatusSendOptions};
use whatsapp_rust::{Client, NodeFilter, RevokeType, SendOptions, anyhow};

use crate::channel::WhatsappChannel;
use crate::json;
use crate::media::download;
use crate::outgoing::{new_id, newsletter, refused};
use crate::query::error::{self, parse};

const DAY: Duration = Duration::from_secs(86_400);
/// How long phones keep a message pinned: one of these.
const PIN_DAYS: [u32; 3] = [1, 7, 30];

/// The chat of a message.
fn chat(key: &MessageKey) -> Result<Jid, ChannelError> {
    Ok(parse(&key.remote_jid)?.into_non_ad())
}

/// Who wrote a message, where several people may have.
fn participant(key: &MessageKey, chat: &Jid) -> Result<Option<Jid>, ChannelError> {
    let named = key.participant.as_deref().filter(|jid| !jid.is_empty());
    named
        .filter(|_| chat.is_group() || chat.is_status_broadcast())
        .map(|jid| parse(jid).map(Jid::into_non_ad))
        .transpose()
}

/// A message's key as the protocol has it.
fn wire_key(key: &MessageKey, chat: &Jid) -> Result<Value, ChannelError> {
    let mut wire = json!({"remoteJid": chat.to_string(), "fromMe": key.from_me, "id": key.id});
    if let Some(participant) = participant(key, chat)? {
        wire["participant"] = participant.to_string().into();
    }
    Ok(wire)
}

/// A new content as it goes out: texts and documents with a caption as in messages.
fn edited(content: &Value) -> Value {
    let mut edited = content.clone();
    if let Some(members) = edited.as_object_mut() {
        if let Some(text) = members.shift_remove("conversation") {
            members.insert("extendedTextMessage".to_owned(), json!({"text": text}));
        }
        let captioned = members
            .get("documentMessage")
            .and_then(|document| document.get("caption"))
            .is_some_and(|caption| caption.as_str().is_some_and(|text| !text.is_empty()));
        if captioned && let Some(document) = members.shift_remove("documentMessage") {
            let wrapper = json!({"message": {"documentMessage": document}});
            members.insert("documentWithCaptionMessage".to_owned(), wrapper);
        }
        // They belong to the message as it was first sent.
        members.shift_remove("messageContextInfo");
        members.shift_remove("senderKeyDistributionMessage");
    }
    edited
}

fn edit_message(
    target: &MessageKey,
    chat: &Jid,
    own: Option<&Jid>,
    content: &Value,
    now_ms: i64,
) -> Result<wa::Message, ChannelError> {
    let mut key = wire_key(target, chat)?;
    if let Some(own) = own {
        key["participant"] = own.to_string().into();
    }
    read(&json!({"protocolMessage": {
        "key": key,
        "type": "MESSAGE_EDIT",
        "editedMessage": edited(content),
        "timestampMs": now_ms,
    }}))
}

fn revocation(target: &MessageKey, chat: &Jid) -> Result<wa::Message, ChannelError> {
    read(&json!({"protocolMessage": {"key": wire_key(target, chat)?, "type": "REVOKE"}}))
}

fn read(message: &Value) -> Result<wa::Message, ChannelError> {
    json::message(message).map_err(|error| ChannelError::Invalid(error.to_string()))
}

/// The protocol message as raw answers show it.
fn protocolled(id: String, chat: &Jid, message: &wa::Message) -> Protocolled {
    let mut shown = json::raw(message);
    Protocolled {
        key: MessageKey::new(id, chat.to_string(), true),
        protocol: shown
            .get_mut("protocolMessage")
            .map_or(Value::Null, Value::take),
        timestamp: wacore::time::now_secs(),
    }
}

async fn send(
    client: &Arc<Client>,
    chat: &Jid,
    message: wa::Message,
) -> Result<String, ChannelError> {
    let options = SendOptions::default().with_message_id(new_id());
    let sent = client
        .send_message_with_options(chat.clone(), message, options)
        .await
        .map_err(|error| refused(&error))?;
    Ok(sent.message_id)
}

/// As whom the account writes in a group.
async fn own_identity(client: &Arc<Client>, group: &Jid) -> Result<Option<Jid>, ChannelError> {
    if !group.is_group() {
        return Ok(None);
    }
    let info = client.groups().query_info(group).await;
    let info = info.map_err(|error| refused(&error.into()))?;
    let lid = matches!(
        info.addressing_mode,
        wacore::types::message::AddressingMode::Lid
    );
    let own = if lid { client.lid() } else { client.pn() };
    Ok(own.or_else(|| client.pn()).map(Jid::into_non_ad))
}

fn of_app_state(error: AppStateError) -> ChannelError {
    error::of_any(&anyhow::Error::new(error))
}

/// Ids by chat and author.
type Reading<'a> = BTreeMap<(String, Option<String>), Vec<&'a str>>;

/// Messages of one author in one chat are told in one receipt.
fn grouped(keys: &[MessageKey]) -> Result<Reading<'_>, ChannelError> {
    let mut all = Reading::new();
    for key in keys.iter().filter(|key| !key.from_me) {
        let chat = chat(key)?;
        let author = participant(key, &chat)?.map(|jid| jid.to_string());
        all.entry((chat.to_string(), author))
            .or_default()
            .push(&key.id);
    }
    Ok(all)
}

/// The shortest time that phones know and that is long enough.
fn pin_seconds(duration: Duration) -> u32 {
    let days = PIN_DAYS.into_iter().find(|days| duration <= DAY * *days);
    days.unwrap_or(30) * 86_400
}

#[async_trait]
impl MessageActions for WhatsappChannel {
    async fn edit(
        &self,
        target: &MessageKey,
        content: &Value,
    ) -> Result<Protocolled, ChannelError> {
        let client = self.client()?;
        let chat = chat(target)?;
        let own = own_identity(&client, &chat).await?;
        let now = wacore::time::now_millis();
        let message = edit_message(target, &chat, own.as_ref(), content, now)?;
        if chat.is_newsletter() {
            let content = read(&edited(content))?;
            newsletter::revise(&client, &target.id, &chat, Some(content)).await?;
            return Ok(protocolled(target.id.clone(), &chat, &message));
        }
        let id = send(&client, &chat, message.clone()).await?;
        Ok(protocolled(id, &chat, &message))
    }

    async fn revoke(&self, target: &MessageKey) -> Result<Protocolled, ChannelError> {
        let client = self.client()?;
        let chat = chat(target)?;
        let message = revocation(target, &chat)?;
        if chat.is_newsletter() {
            newsletter::revise(&client, &target.id, &chat, None).await?;
            return Ok(protocolled(target.id.clone(), &chat, &message));
        }
        if chat.is_status_broadcast() {
            let audience = self.audiences.of(&target.id).ok_or_else(|| {
                ChannelError::NotFound("who sees this status is not known any more".to_owned())
            })?;
            let options = StatusSendOptions {
                message_id: Some(new_id()),
                ..StatusSendOptions::default()
            };
            let sent = client
                .status()
                .revoke(&*target.id, &audience, options)
                .await;
            let sent = sent.map_err(|error| refused(&error))?;
            return Ok(protocolled(sent.message_id, &chat, &message));
        }
        if target.from_me {
            let id = send(&client, &chat, message.clone()).await?;
            return Ok(protocolled(id, &chat, &message));
        }
        let original_sender = participant(target, &chat)?.ok_or_else(|| {
            ChannelError::Invalid("only in groups, messages of others can be deleted".to_owned())
        })?;
        // The library chooses the id of this stanza, and tells it only to those who look.
        let stanza = client.wait_for_sent_node(NodeFilter::tag("message").attr("edit", "8"));
        client
            .revoke_message(
                chat.clone(),
                &*target.id,
                RevokeType::Admin { original_sender },
            )
            .await
            .map_err(|error| refused(&error))?;
        let id = match tokio::time::timeout(Duration::from_secs(1), stanza).await {
            Ok(Ok(node)) => node.attrs().optional_string("id").map(|id| id.to_string()),
            _ => None,
        };
        Ok(protocolled(id.unwrap_or_else(new_id), &chat, &message))
    }

    async fn mark_read(&self, keys: &[MessageKey]) -> Result<(), ChannelError> {
        let client = self.client()?;
        for ((chat, author), ids) in grouped(keys)? {
            let (chat, author) = (parse(&chat)?, author.as_deref().map(parse).transpose()?);
            client
                .mark_as_read(&chat, author.as_ref(), &ids)
                .await
                .map_err(|error| error::of_any(&error))?;
        }
        Ok(())
    }

    async fn mark_played(&self, keys: &[MessageKey]) -> Result<(), ChannelError> {
        let client = self.client()?;
        for ((chat, author), ids) in grouped(keys)? {
            let (chat, author) = (parse(&chat)?, author.as_deref().map(parse).transpose()?);
            client
                .mark_as_played(&chat, author.as_ref(), &ids)
                .await
                .map_err(|error| error::of_any(&error))?;
        }
        Ok(())
    }

    async fn presence(&self, chat: &str, state: PresenceState) -> Result<(), ChannelError> {
        let client = self.client()?;
        let presence = client.presence();
        let failed = |error| error::of_any(&anyhow::Error::new(error));
        match state {
            PresenceState::Available => return presence.set_available().await.map_err(failed),
            PresenceState::Unavailable => return presence.set_unavailable().await.map_err(failed),
            PresenceState::Composing | PresenceState::Recording | PresenceState::Paused => {}
        }
        let jid = parse(chat)?.into_non_ad();
        if jid.is_pn() || jid.is_lid() {
            // As the original does; typing is shown without it as well.
            if let Err(error) = presence.subscribe(jid.clone()).await {
                debug!("a presence could not be subscribed to: {error}");
            }
        }
        let states = client.chatstate();
        let sent = match state {
            PresenceState::Composing => states.send_composing(&jid).await,
            PresenceState::Recording => states.send_recording(&jid).await,
            _ => states.send_paused(&jid).await,
        };
        sent.map_err(|error| error::of_any(&anyhow::Error::new(error)))
    }

    async fn download(
        &self,
        key: &MessageKey,
        message: &Value,
        patience: Duration,
    ) -> Result<Download, ChannelError> {
        download::download(&self.client()?, key, message, patience).await
    }

    async fn star(&self, target: &MessageKey, starred: bool) -> Result<(), ChannelError> {
        let client = self.client()?;
        let chat = chat(target)?;
        let author = participant(target, &chat)?.filter(|_| !target.from_me);
        let (actions, id, mine) = (client.chat_actions(), &target.id, target.from_me);
        let done = if starred {
            actions.star_message(&chat, author.as_ref(), id, mine).await
        } else {
            actions
                .unstar_message(&chat, author.as_ref(), id, mine)
                .await
        };
        done.map_err(of_app_state)
    }

    async fn delete_for_me(&self, target: &MessageKey, timestamp: i64) -> Result<(), ChannelError> {
        let client = self.client()?;
        let chat = chat(target)?;
        let author = participant(target, &chat)?.filter(|_| !target.from_me);
        client
            .chat_actions()
            .delete_message_for_me(
                &chat,
                author.as_ref(),
                &target.id,
                target.from_me,
                true,
                Some(timestamp),
            )
            .await
            .map_err(of_app_state)
    }

    fn pin(&self, target: &MessageKey, duration: Option<Duration>) -> Result<Value, ChannelError> {
        let chat = chat(target)?;
        let kind = if duration.is_some() {
            "PIN_FOR_ALL"
        } else {
            "UNPIN_FOR_ALL"
        };
        Ok(json!({
            "pinInChatMessage": {
                "key": wire_key(target, &chat)?,
                "type": kind,
                "senderTimestampMs": wacore::time::now_millis(),
            },
            "messageContextInfo": {
                "messageAddOnDurationInSecs": duration.map_or(0, pin_seconds),
            },
        }))
    }

    fn keep(&self, target: &MessageKey, keep: bool) -> Result<Value, ChannelError> {
        let chat = chat(target)?;
        Ok(json!({"keepInChatMessage": {
            "key": wire_key(target, &chat)?,
            "keepType": if keep { "KEEP_FOR_ALL" } else { "UNDO_KEEP_FOR_ALL" },
            "timestampMs": wacore::time::now_millis(),
        }}))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOB: &str = "5511900000002@s.whatsapp.net";
    const GROUP: &str = "120363002866886739@g.us";

    fn jid(text: &str) -> Jid {
        text.parse().expect("a JID")
    }

    #[test]
    fn an_edit_is_answered_as_recorded() {
        let key = MessageKey::new("3EB0D52DC7790AFFEB0E0A", BOB, true);
        let content = json!({"conversation": "first hello, edited"});
        let message =
            edit_message(&key, &jid(BOB), None, &content, 1_795_398_107_097).expect("an edit");
        let answer = protocolled("3EB00C9CC6B20B2C3EDB49".to_owned(), &jid(BOB), &message);
        assert_eq!(
            answer.protocol,
            json!({
                "key": {"remoteJid": BOB, "fromMe": true, "id": "3EB0D52DC7790AFFEB0E0A"},
                "type": "MESSAGE_EDIT",
                "editedMessage": {"extendedTextMessage": {"text": "first hello, edited"}},
                "timestampMs": "1795398107097",
            })
        );
        assert_eq!(answer.key.id, "3EB00C9CC6B20B2C3EDB49");
        assert!(answer.key.from_me);
    }

    #[test]
    fn the_file_of_an_edited_caption_stays_what_it_is() {
        let content = json!({"imageMessage": {
            "caption": "new caption", "directPath": "/v/x", "mediaKey": {"0": 1, "1": 2}, "fileLength": {"low": 3309, "high": 0, "unsigned": true},
        }, "messageContextInfo": {"messageSecret": {"0": 1}}});
        let key = MessageKey::new("A", GROUP, true);
        let own = jid("108205380617683@lid");
        let message = edit_message(&key, &jid(GROUP), Some(&own), &content, 1).expect("an edit");
        let answer = protocolled("B".to_owned(), &jid(GROUP), &message).protocol;
        assert_eq!(answer["key"]["participant"], "108205380617683@lid");
        assert_eq!(
            answer["editedMessage"],
            json!({"imageMessage": {"caption": "new caption", "fileLength": "3309", "mediaKey": "AQI=", "directPath": "/v/x"}})
        );
        let document = edited(&json!({"documentMessage": {"caption": "c"}}));
        assert!(
            document
                .pointer("/documentWithCaptionMessage/message/documentMessage/caption")
                .is_some()
        );
    }

    #[test]
    fn a_deletion_is_answered_as_recorded() {
        let key = MessageKey::new("3EB090FB4E6938803C1210", BOB, true);
        let message = revocation(&key, &jid(BOB)).expect("a deletion");
        assert_eq!(
            protocolled("B".to_owned(), &jid(BOB), &message).protocol,
            json!({"key": {"remoteJid": BOB, "fromMe": true, "id": "3EB090FB4E6938803C1210"}, "type": "REVOKE"})
        );
    }

    #[test]
    fn receipts_are_put_together_by_chat_and_author() {
        let in_group = |id: &str, author: &str| {
            let mut key = MessageKey::new(id, GROUP, false);
            key.participant = Some(author.to_owned());
            key
        };
        let keys = [
            MessageKey::new("A", "5511900000002:1@s.whatsapp.net", false),
            MessageKey::new("B", BOB, false),
            MessageKey::new("MINE", BOB, true),
            in_group("C", "108205380617684@lid"),
            in_group("D", "108205380617684:2@lid"),
            in_group("E", "108205380617685@lid"),
        ];
        let all = grouped(&keys).expect("addresses");
        let shown: Vec<_> = all
            .iter()
            .map(|((chat, author), ids)| (chat.as_str(), author.as_deref(), ids.join(",")))
            .collect();
        assert_eq!(
            shown,
            [
                (GROUP, Some("108205380617684@lid"), "C,D".to_owned()),
                (GROUP, Some("108205380617685@lid"), "E".to_owned()),
                (BOB, None, "A,B".to_owned()),
            ]
        );
    }

    #[test]
    fn pins_last_as_long_as_phones_know() {
        for (hours, seconds) in [
            (1, 86_400),
            (24, 86_400),
            (25, 604_800),
            (24 * 8, 2_592_000),
            (24 * 99, 2_592_000),
        ] {
            assert_eq!(pin_seconds(Duration::from_secs(hours * 3600)), seconds);
        }
    }
}

//! The body of `POST /webhook/evolution`.

use pombo_domain::channel::{ChannelEvent, IncomingMessage};
use pombo_domain::instance::ChannelKind;
use pombo_domain::message::{DeviceSource, MessageKey};
use pombo_domain::port::{Inbound, InboundError, InboundWebhook};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Understands the calls of the HTTP channel's integrators.
#[derive(Debug, Clone, Copy, Default)]
pub struct EvolutionWebhook;

/// `{numberId, key: {id?, remoteJid, fromMe}, pushName?, message, messageType?, profilePicUrl?}`
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    #[serde(default)]
    number_id: Value,
    #[serde(default)]
    key: Option<Key>,
    #[serde(default)]
    push_name: Option<String>,
    #[serde(default)]
    message: Value,
    #[serde(default)]
    message_type: Option<String>,
    #[serde(default)]
    profile_pic_url: Option<String>,
    #[serde(default)]
    context_info: Option<Value>,
    #[serde(default)]
    message_timestamp: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Key {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    remote_jid: Option<String>,
    #[serde(default)]
    from_me: Option<bool>,
    #[serde(default)]
    participant: Option<String>,
    #[serde(flatten)]
    more: Map<String, Value>,
}

impl InboundWebhook for EvolutionWebhook {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Evolution
    }

    fn parse(&self, body: &[u8]) -> Result<Vec<Inbound>, InboundError> {
        // serde would read a list as the members in order.
        if !body.trim_ascii_start().starts_with(b"{") {
            return Err(InboundError::Invalid(
                "instance is not of a type(s) object".to_owned(),
            ));
        }
        let body: Body = serde_json::from_slice(body)
            .map_err(|error| InboundError::Invalid(error.to_string()))?;
        let number = match body.number_id {
            Value::String(text) if !text.is_empty() => text,
            Value::Number(number) => number.to_string(),
            _ => return Ok(Vec::new()),
        };
        // Compatible: a call without content is accepted and says nothing.
        if !has_content(&body.message) {
            return Ok(Vec::new());
        }
        let Some(key) = body.key else {
            return Err(InboundError::Invalid(
                "instance requires property \"key\"".to_owned(),
            ));
        };
        let remote_jid = key.remote_jid.filter(|jid| !jid.is_empty());
        let Some(remote_jid) = remote_jid else {
            return Err(InboundError::Invalid(
                "key requires property \"remoteJid\"".to_owned(),
            ));
        };
        if remote_jid.chars().count() > 100
            || key.id.as_ref().is_some_and(|id| id.chars().count() > 255)
        {
            return Err(InboundError::Invalid(
                "key does not meet maximum length of 255".to_owned(),
            ));
        }
        let id = key
            .id
            .filter(|id| !id.is_empty())
            .unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
        let mut key = MessageKey {
            participant: key.participant,
            more: key.more,
            ..MessageKey::new(id, remote_jid, key.from_me.unwrap_or(false))
        };
        if let Some(url) = &body.profile_pic_url {
            key.more
                .insert("profilePicUrl".to_owned(), url.clone().into());
        }
        let message = IncomingMessage {
            key,
            push_name: body.push_name,
            profile_pic_url: body.profile_pic_url,
            message_type: body.message_type.filter(|kind| !kind.is_empty()),
            message: body.message,
            context_info: body.context_info.filter(|info| !info.is_null()),
            timestamp: body.message_timestamp,
            source: DeviceSource::Unknown,
            status: None,
        };
        Ok(vec![Inbound {
            number,
            event: ChannelEvent::Message(message),
        }])
    }
}

fn has_content(message: &Value) -> bool {
    match message {
        Value::Null => false,
        Value::Object(members) => !members.is_empty(),
        Value::String(text) => !text.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(body: &Value) -> Result<Vec<Inbound>, InboundError> {
        EvolutionWebhook.parse(body.to_string().as_bytes())
    }

    #[test]
    fn a_text_message() {
        let carried = parse(&json!({"numberId": "5511", "key": {"id": "A", "remoteJid": "1@s.whatsapp.net", "fromMe": false},
            "pushName": "Ann", "message": {"conversation": "hi"}, "messageType": "conversation", "profilePicUrl": "http://p"}))
        .unwrap();
        assert_eq!(carried[0].number, "5511");
        let ChannelEvent::Message(message) = &carried[0].event else {
            panic!("not a message");
        };
        assert_eq!(
            serde_json::to_value(&message.key).unwrap(),
            json!({"id": "A", "fromMe": false, "remoteJid": "1@s.whatsapp.net", "profilePicUrl": "http://p"})
        );
        assert_eq!(message.profile_pic_url.as_deref(), Some("http://p"));
    }

    #[test]
    fn an_id_is_made_up_when_there_is_none() {
        let carried = parse(&json!({"numberId": 5511, "key": {"remoteJid": "1@s.whatsapp.net"}, "message": {"conversation": "x"}})).unwrap();
        let ChannelEvent::Message(message) = &carried[0].event else {
            panic!("not a message");
        };
        assert_eq!(message.key.id.len(), 36);
        assert!(!message.key.from_me);
    }

    #[test]
    fn nothing_to_do_without_number_or_content() {
        assert!(parse(&json!({})).unwrap().is_empty());
        assert!(
            parse(&json!({"numberId": "1", "key": {"remoteJid": "1@s.whatsapp.net"}}))
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn a_message_that_belongs_nowhere_is_refused() {
        assert!(parse(&json!({"numberId": "1", "message": {"conversation": "x"}})).is_err());
        assert!(
            parse(&json!({"numberId": "1", "key": {"id": "1"}, "message": {"conversation": "x"}}))
                .is_err()
        );
        assert!(EvolutionWebhook.parse(b"{").is_err());
        assert!(EvolutionWebhook.parse(b"[1]").is_err());
    }
}

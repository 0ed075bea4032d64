//! What records show of a message's content: its type, its context, and two rewrites that clients rely on.
//!
//! Source: `messages.md` sections 3 and 4, `whatsapp-recorded.md` section 1.

use serde_json::{Map, Value};
use waproto::whatsapp as wa;

use crate::json;

/// The part of a message record that comes from the content.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Content {
    /// The content.
    pub(crate) message: Value,
    /// Which member of it counts.
    pub(crate) message_type: String,
    /// Quotes, mentions and the like; `Some(Null)` where the content could have had them.
    pub(crate) context_info: Option<Value>,
}

impl Content {
    /// Of a message that was decoded.
    pub(crate) fn of(message: &wa::Message) -> Self {
        Self::shape(json::record(message))
    }

    /// Of a message in the encoding of records.
    pub(crate) fn shape(mut message: Value) -> Self {
        let kind = kind(&message).map(str::to_owned);
        let Some(kind) = kind else {
            return Self {
                message,
                message_type: "unknown".to_owned(),
                context_info: None,
            };
        };
        let mut context_info = message[&kind]
            .get("contextInfo")
            .filter(|context| !context.is_null())
            .cloned()
            .or_else(|| json::has_context(&kind).then_some(Value::Null));
        if let Some(quoted) = context_info
            .as_mut()
            .and_then(|context| context.get_mut("quotedMessage"))
            .and_then(Value::as_object_mut)
        {
            rewrite(quoted);
        }
        if let Some(members) = message.as_object_mut() {
            rewrite(members);
        }
        let message_type = match kind.as_str() {
            "extendedTextMessage" => "conversation".to_owned(),
            "documentWithCaptionMessage" => {
                context_info = message["documentMessage"].get("contextInfo").cloned();
                "documentMessage".to_owned()
            }
            _ => kind,
        };
        Self {
            message,
            message_type,
            context_info,
        }
    }
}

/// The member that counts: the first that is `conversation` or has `Message` in its name, apart from keys that came along.
fn kind(message: &Value) -> Option<&str> {
    const ALONG: [&str; 2] = [
        "senderKeyDistributionMessage",
        "fastRatchetKeySenderKeyDistributionMessage",
    ];
    message
        .as_object()?
        .iter()
        .map(|(name, _)| name.as_str())
        .find(|name| (*name == "conversation" || name.contains("Message")) && !ALONG.contains(name))
}

/// Texts become `conversation`, documents with a caption plain documents.
fn rewrite(members: &mut Map<String, Value>) {
    if let Some(extended) = members.shift_remove("extendedTextMessage") {
        let text = extended.get("text").cloned();
        let text = text.unwrap_or_else(|| Value::String(String::new()));
        members.insert("conversation".to_owned(), text);
    }
    if let Some(mut wrapper) = members.shift_remove("documentWithCaptionMessage") {
        let inner = wrapper
            .pointer_mut("/message/documentMessage")
            .map_or_else(|| Value::Object(Map::new()), Value::take);
        members.insert("documentMessage".to_owned(), inner);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shape(message: Value) -> (Value, String, Option<Value>) {
        let content = Content::shape(message);
        (content.message, content.message_type, content.context_info)
    }

    #[test]
    fn texts_are_conversations_with_their_context_outside() {
        let (message, kind, context) = shape(json!({
            "senderKeyDistributionMessage": {"groupId": "1@g.us"},
            "extendedTextMessage": {"text": "hi", "matchedText": "x", "contextInfo": {"stanzaId": "A", "quotedMessage": {"extendedTextMessage": {"text": "q"}}}},
        }));
        assert_eq!(
            message,
            json!({"senderKeyDistributionMessage": {"groupId": "1@g.us"}, "conversation": "hi"})
        );
        assert_eq!(kind, "conversation");
        assert_eq!(
            context,
            Some(json!({"stanzaId": "A", "quotedMessage": {"conversation": "q"}}))
        );
    }

    #[test]
    fn context_is_null_where_it_could_have_been() {
        assert_eq!(shape(json!({"imageMessage": {}})).2, Some(Value::Null));
        assert_eq!(
            shape(json!({"extendedTextMessage": {"text": "a"}})).2,
            Some(Value::Null)
        );
        for without in [
            "conversation",
            "reactionMessage",
            "ephemeralMessage",
            "pinInChatMessage",
        ] {
            assert_eq!(shape(json!({without: {}})).2, None, "{without}");
        }
    }

    #[test]
    fn documents_with_captions_are_documents() {
        let inner = json!({"fileName": "d.pdf", "caption": "c"});
        assert_eq!(
            shape(json!({"documentWithCaptionMessage": {"message": {"documentMessage": inner}}})),
            (
                json!({"documentMessage": inner}),
                "documentMessage".to_owned(),
                None
            )
        );
    }

    #[test]
    fn what_quotes_inside_stays_as_it_came() {
        let inside =
            json!({"mentionedJid": [], "quotedMessage": {"extendedTextMessage": {"text": "q"}}});
        let (message, _, context) = shape(json!({"imageMessage": {"contextInfo": inside}}));
        assert_eq!(message["imageMessage"]["contextInfo"], inside);
        assert_eq!(
            context,
            Some(json!({"mentionedJid": [], "quotedMessage": {"conversation": "q"}}))
        );
    }

    #[test]
    fn nothing_known_is_unknown() {
        assert_eq!(shape(json!({})), (json!({}), "unknown".to_owned(), None));
        assert_eq!(
            shape(json!({"call": {}, "messageContextInfo": {}})).1,
            "unknown"
        );
    }
}

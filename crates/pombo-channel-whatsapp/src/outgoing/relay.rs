//! What is there already: messages passed on, and messages that a client made itself.

use pombo_domain::channel::ChannelError;
use serde_json::{Value, json};
use wacore::proto_helpers::MessageExt as _;

use super::Built;
use super::context::Context;
use crate::json;

/// What only says something about other messages.
const NOTHING_ITSELF: [&str; 9] = [
    "reactionMessage",
    "encReactionMessage",
    "pollUpdateMessage",
    "protocolMessage",
    "pinInChatMessage",
    "keepInChatMessage",
    "editedMessage",
    "secretEncryptedMessage",
    "albumMessage",
];

/// A message passed on: with the mark of one, without what it quoted, its file where it is.
pub(super) fn forward(message: &Value, context: &Context) -> Result<Built, ChannelError> {
    let mut message = message.clone();
    if let Some(members) = message.as_object_mut()
        && let Some(text) = members.shift_remove("conversation")
    {
        // A bare text has no place for the mark.
        members.insert("extendedTextMessage".to_owned(), json!({"text": text}));
    }
    let read = json::message(&message).map_err(|error| ChannelError::Invalid(error.to_string()))?;
    let mut shown = json::record(&read.get_base_message().prepare_for_forward());
    let Some((kind, content)) = shown.as_object_mut().and_then(|members| {
        members
            .iter_mut()
            .find(|(name, _)| name.ends_with("Message") && !NOTHING_ITSELF.contains(&name.as_str()))
    }) else {
        return Err(ChannelError::Invalid(
            "the message has nothing that could be passed on".to_owned(),
        ));
    };
    if content.get("viewOnce") == Some(&Value::Bool(true)) {
        return Err(ChannelError::Invalid(
            "a message that may be seen once cannot be passed on".to_owned(),
        ));
    }
    let document_with_words = kind == "documentMessage"
        && content["caption"]
            .as_str()
            .is_some_and(|text| !text.is_empty());
    if let (Some(timer), Some(own)) = (
        context
            .value()
            .and_then(|context| context.get("expiration").cloned()),
        content
            .get_mut("contextInfo")
            .and_then(Value::as_object_mut),
    ) {
        own.insert("expiration".to_owned(), timer);
    }
    let mut built = Built::new(shown);
    if document_with_words {
        // As when it is sent: phones show the words in this wrapper only, and records never show it.
        let wrapped = json!({"documentWithCaptionMessage": {"message": built.wire}});
        built.shown = Some(std::mem::replace(&mut built.wire, wrapped));
    }
    Ok(built)
}

/// A message as a client wrote it.
pub(super) fn raw(message: &Value, nodes: &[Value]) -> Result<Built, ChannelError> {
    let read = json::message(message).map_err(|error| ChannelError::Invalid(error.to_string()))?;
    let shown = json::record(&read);
    if shown.as_object().is_none_or(serde_json::Map::is_empty) {
        return Err(ChannelError::Invalid(
            "nothing in the message is known to WhatsApp".to_owned(),
        ));
    }
    let mut built = Built::new(shown);
    built.nodes = nodes
        .iter()
        .map(|node| {
            json::node::read(node).ok_or_else(|| {
                ChannelError::Invalid("a node has `tag`, `attrs`, `content`".to_owned())
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(built)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_passed_on_is_marked() {
        let text = forward(&json!({"conversation": "hi"}), &Context::none()).expect("a message");
        let context = &text.wire["extendedTextMessage"]["contextInfo"];
        assert_eq!(context["isForwarded"], true);
        assert_eq!(context["forwardingScore"], 0);

        let picture = json!({"imageMessage": {
            "directPath": "/v/x",
            "contextInfo": {"isForwarded": true, "forwardingScore": 1, "stanzaId": "A", "quotedMessage": {"conversation": "q"}},
        }, "base64": "AA=="});
        let passed = forward(&picture, &Context::none()).expect("a message").wire;
        let context = &passed["imageMessage"]["contextInfo"];
        assert_eq!(context["forwardingScore"], 2);
        assert_eq!(context.get("quotedMessage"), None);
        assert_eq!(passed["imageMessage"]["directPath"], "/v/x");
        for not in [
            json!({}),
            json!({"reactionMessage": {"text": "x"}}),
            json!({"imageMessage": {"directPath": "/v/x", "viewOnce": true}}),
        ] {
            assert!(forward(&not, &Context::none()).is_err(), "{not}");
        }
        let words = json!({"documentMessage": {"directPath": "/v/x", "caption": "words"}});
        let passed = forward(&words, &Context::none()).expect("a message");
        let inner = &passed.wire["documentWithCaptionMessage"]["message"]["documentMessage"];
        assert_eq!(inner["contextInfo"]["isForwarded"], true);
    }

    #[test]
    fn what_a_client_made_is_sent_as_it_is() {
        let event = json!({"eventMessage": {"name": "Party", "startTime": "1795401809"}});
        let nodes = [json!({"tag": "biz", "attrs": {"v": 1}})];
        let built = raw(&event, &nodes).expect("a message");
        assert_eq!(built.wire["eventMessage"]["name"], "Party");
        assert_eq!(built.nodes[0].tag, "biz");
        assert!(raw(&json!({"nonsense": 1}), &[]).is_err());
        assert!(raw(&event, &[json!({})]).is_err());
    }
}

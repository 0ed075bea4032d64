//! The last message of a chat, without what is large.

use pombo_domain::message::Message;
use serde_json::{Map, Value, json};

/// The message as `findChats` shows it; the account's own have this name.
pub(super) fn show(message: &Message, own_name: &str) -> Value {
    json!({
        "id": message.id,
        "key": message.key,
        "pushName": if message.key.from_me { Some(own_name) } else { message.push_name.as_deref() },
        "participant": message.participant,
        "messageType": message.message_type,
        "message": reduce(&message.message),
        "contextInfo": message.context_info,
        "source": message.source,
        "messageTimestamp": message.timestamp,
        "instanceId": message.instance_id,
        "sessionId": null,
        "status": message.status,
    })
}

/// Keeps the words, drops the files.
fn reduce(message: &Value) -> Value {
    let Some(members) = message.as_object() else {
        return message.clone();
    };
    let kept = members
        .iter()
        .filter(|(name, _)| *name != "base64")
        .map(|(name, value)| {
            let value = match name.as_str() {
                "imageMessage" | "videoMessage" => pick(value, &[("caption", &["caption"])]),
                "audioMessage" => pick(value, &[("seconds", &["seconds"])]),
                "stickerMessage" => json!({}),
                "documentMessage" => pick(
                    value,
                    &[("caption", &["caption"]), ("name", &["name", "fileName"])],
                ),
                "documentWithCaptionMessage" => pick(
                    value
                        .pointer("/message/documentMessage")
                        .unwrap_or(&Value::Null),
                    &[("caption", &["caption"]), ("name", &["name", "fileName"])],
                ),
                _ => value.clone(),
            };
            (name.clone(), value)
        });
    Value::Object(kept.collect())
}

/// The named members, each under the first spelling that is there.
fn pick(value: &Value, names: &[(&str, &[&str])]) -> Value {
    let mut picked = Map::new();
    for (name, spellings) in names {
        if let Some(found) = spellings
            .iter()
            .find_map(|spelling| value.get(*spelling))
            .filter(|found| !found.is_null())
        {
            picked.insert((*name).to_owned(), found.clone());
        }
    }
    Value::Object(picked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_dropped_and_words_kept() {
        for (message, reduced) in [
            (json!({"conversation": "hi"}), json!({"conversation": "hi"})),
            (
                json!({"imageMessage": {"url": "http://x", "caption": "c"}}),
                json!({"imageMessage": {"caption": "c"}}),
            ),
            (
                json!({"imageMessage": {"jpegThumbnail": "x"}, "base64": "AAAA"}),
                json!({"imageMessage": {}}),
            ),
            (
                json!({"audioMessage": {"seconds": 3, "url": "u"}}),
                json!({"audioMessage": {"seconds": 3}}),
            ),
            (
                json!({"stickerMessage": {"url": "u"}, "mediaUrl": "m"}),
                json!({"stickerMessage": {}, "mediaUrl": "m"}),
            ),
            (
                json!({"documentMessage": {"fileName": "a.pdf"}}),
                json!({"documentMessage": {"name": "a.pdf"}}),
            ),
            (json!("odd"), json!("odd")),
        ] {
            assert_eq!(reduce(&message), reduced);
        }
    }
}

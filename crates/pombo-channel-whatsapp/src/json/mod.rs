//! WhatsApp messages as the JSON that clients know, and back.
//!
//! Two encodings of the same protobuf message exist in the outside world (source: `whatsapp-recorded.md` section 1, observed on
//! the original, v2.3.6): that of records ([`record`]) and that of raw answers ([`raw`]). [`message`] reads both, and every mix
//! of them that older versions wrote. Nothing here knows what a message means; that is the business of `incoming` and
//! `outgoing`.
//!
//! It works on the bytes with a table of names, numbers and types (`schema.txt`), so every kind of message is covered, and
//! nothing passes that the table does not know. Start reading at [`record`].

#[cfg(test)]
mod generate;
#[cfg(test)]
mod golden;
pub(crate) mod node;
mod read;
mod schema;
mod values;
mod wire;
mod write;

use serde_json::{Map, Value};
use waproto::codec;
use waproto::whatsapp as wa;

pub(crate) use values::{base64, indexed, long, read_bytes, read_whole, signed_long};
use write::Form;

/// Why JSON is not a message, or bytes are not.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum JsonError {
    /// The bytes are not protobuf.
    #[error("not a protobuf message")]
    Wire,
    /// A member has a value that its field cannot hold.
    #[error("{0} has a value that it cannot have")]
    Value(&'static str),
    /// The JSON is not an object.
    #[error("a message is an object")]
    NotAnObject,
    /// Messages in messages in messages.
    #[error("the message is nested too deeply")]
    TooDeep,
}

const MESSAGE: &str = "Message";

/// The message as records show it: bytes by index, 64-bit numbers in halves, enums as numbers, lists also when empty.
pub(crate) fn record(message: &wa::Message) -> Value {
    show(Form::Record, MESSAGE, &codec::message_to_vec(message))
}

/// The message as raw answers show it: base64, decimal text, enum names.
pub(crate) fn raw(message: &wa::Message) -> Value {
    show(Form::Raw, MESSAGE, &codec::message_to_vec(message))
}

/// Whether contents of that kind (a member of a message, such as `imageMessage`) can quote and mention.
pub(crate) fn has_context(kind: &str) -> bool {
    let schema = schema::schema();
    let field = schema
        .named(MESSAGE)
        .and_then(|index| schema.message(index).by_name(kind));
    match field.map(|field| field.kind) {
        Some(schema::Kind::Message(index)) => {
            schema.message(index).by_name("contextInfo").is_some()
        }
        _ => false,
    }
}

fn show(form: Form, name: &str, bytes: &[u8]) -> Value {
    let schema = schema::schema();
    let shown = schema.named(name).map_or_else(
        || Ok(Map::new()),
        |index| write::message(schema, form, index, bytes),
    );
    // The library wrote these bytes a moment ago from its own types.
    Value::Object(shown.unwrap_or_default())
}

/// Reads a message in any encoding.
pub(crate) fn message(value: &Value) -> Result<wa::Message, JsonError> {
    codec::message_decode(&bytes(MESSAGE, value)?).map_err(|_| JsonError::Wire)
}

fn bytes(name: &str, value: &Value) -> Result<Vec<u8>, JsonError> {
    let schema = schema::schema();
    let members = value.as_object().ok_or(JsonError::NotAnObject)?;
    let mut out = Vec::new();
    if let Some(index) = schema.named(name) {
        read::message(schema, index, members, &mut out, 0)?;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::schema::{Index, Kind, Schema, schema};
    use super::*;

    #[test]
    fn a_record_shows_lists_first_and_numbers_in_halves() {
        let value = json!({"imageMessage": {
            "interactiveAnnotations": [], "scanLengths": [], "annotations": [],
            "mimetype": "image/jpeg",
            "fileSha256": {"0": 1, "1": 255},
            "fileLength": {"low": 3309, "high": 0, "unsigned": true},
            "mediaKeyTimestamp": {"low": 1_795_398_065, "high": 0, "unsigned": false},
            "contextInfo": {"mentionedJid": [], "groupMentions": [], "disappearingMode": {"initiator": 0}},
        }});
        let message = message(&value).unwrap();
        let shown = record(&message);
        assert_eq!(shown, value);
        let names: Vec<_> = shown["imageMessage"].as_object().unwrap().keys().collect();
        assert_eq!(
            names[..4],
            [
                "interactiveAnnotations",
                "scanLengths",
                "annotations",
                "mimetype"
            ]
        );
    }

    #[test]
    fn a_raw_answer_shows_text() {
        let value = json!({"protocolMessage": {
            "key": {"remoteJid": "5511900000002@s.whatsapp.net", "fromMe": true, "id": "3EB0"},
            "type": "MESSAGE_EDIT",
            "editedMessage": {"imageMessage": {"mimetype": "image/jpeg", "fileSha256": "7cdA", "fileLength": "3322"}},
            "timestampMs": "1795398108660",
        }});
        assert_eq!(raw(&message(&value).unwrap()), value);
    }

    #[test]
    fn what_we_add_is_left_out() {
        let with = json!({"conversation": "a", "base64": "AA==", "mediaUrl": "https://x.example", "contextInfo": null});
        assert_eq!(
            record(&message(&with).unwrap()),
            json!({"conversation": "a"})
        );
    }

    #[test]
    fn wrong_values_are_named() {
        assert_eq!(
            message(&json!({"imageMessage": {"fileLength": "many"}})).err(),
            Some(JsonError::Value("fileLength"))
        );
        assert_eq!(message(&json!([])).err(), Some(JsonError::NotAnObject));
        let mut deep = json!({"conversation": "x"});
        for _ in 0..60 {
            deep = json!({"ephemeralMessage": {"message": deep}});
        }
        assert_eq!(message(&deep).err(), Some(JsonError::TooDeep));
    }

    /// A message of that type in which every field has a value, messages down to `depth`.
    fn full(schema: &Schema, index: Index, depth: usize, seed: &mut u32) -> Value {
        let mut members = Map::new();
        for field in &schema.message(index).fields {
            *seed += 1;
            let n = *seed;
            let value = match field.kind {
                Kind::Double | Kind::Float => json!(f64::from(n) + 0.5),
                Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => json!(-i64::from(n)),
                Kind::Uint32 | Kind::Fixed32 => json!(n),
                Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => signed_long(-i64::from(n) << 33),
                Kind::Uint64 | Kind::Fixed64 => long(u64::from(n) << 33, true),
                Kind::Bool => json!(true),
                Kind::Text => json!(format!("text {n}")),
                Kind::Bytes => indexed(&n.to_le_bytes()),
                Kind::Enum(index) => json!(schema.enumeration(index).first()),
                Kind::Message(_) if depth == 0 => continue,
                Kind::Message(index) => full(schema, index, depth - 1, seed),
            };
            let value = if field.repeated {
                json!([value])
            } else {
                value
            };
            members.insert(field.name.to_owned(), value);
        }
        Value::Object(members)
    }

    /// Oneofs keep only one of their fields, so fields are tried one by one.
    #[test]
    fn the_table_agrees_with_the_generated_types() {
        let schema = schema();
        let root = schema.named(MESSAGE).unwrap();
        let mut tried = 0;
        // Breadth first: the shortest way from the root to each type.
        let mut ways: Vec<(Index, Vec<(&str, bool)>)> = vec![(root, Vec::new())];
        let mut seen = std::collections::HashSet::from([root]);
        let mut next = 0;
        while let Some((index, way)) = ways.get(next).cloned() {
            next += 1;
            let mut seed = 0;
            let all = full(schema, index, 0, &mut seed);
            for field in &schema.message(index).fields {
                let value = match field.kind {
                    Kind::Message(inner) => {
                        if seen.insert(inner) {
                            let mut longer = way.clone();
                            longer.push((field.name, field.repeated));
                            ways.push((inner, longer));
                        }
                        if field.repeated {
                            json!([{}])
                        } else {
                            json!({})
                        }
                    }
                    _ => all[field.name].clone(),
                };
                let mut outer = json!({field.name: value});
                for (name, repeated) in way.iter().rev() {
                    outer = json!({*name: if *repeated { json!([outer]) } else { outer }});
                }
                let mut shown = record(&message(&outer).unwrap());
                for (name, repeated) in &way {
                    shown = shown[*name].take();
                    if *repeated {
                        shown = shown[0].take();
                    }
                }
                match field.kind {
                    // Lists and required fields stand in it.
                    Kind::Message(_) if field.repeated => assert!(shown[field.name][0].is_object()),
                    Kind::Message(_) => assert!(shown[field.name].is_object()),
                    _ => assert_eq!(shown[field.name], value, "{way:?} {}", field.name),
                }
                tried += 1;
            }
        }
        assert!(tried > 1500, "only {tried} fields");
    }
}

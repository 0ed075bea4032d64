//! The original's binary events (`WEBSOCKET_BINARY`).
//!
//! There, byte arrays in an event leave as attachments; everywhere else they are index maps, `{"0":12,"1":200}`. Here the
//! envelope holds index maps, and this module turns them back.

use bytes::Bytes;
use serde_json::{Map, Value};

use super::packet::MAX_ATTACHMENTS;

/// The envelope with placeholders, and the attachments in their order. `None`: it stays text, because there is nothing
/// binary in it, or more than the clients' parsers accept.
pub(super) fn extract(envelope: &[u8]) -> Option<(Bytes, Vec<Bytes>)> {
    let mut value: Value = serde_json::from_slice(envelope).ok()?;
    let mut attachments = Vec::new();
    take(&mut value, &mut attachments);
    if attachments.is_empty() || attachments.len() > MAX_ATTACHMENTS {
        return None;
    }
    Some((serde_json::to_vec(&value).ok()?.into(), attachments))
}

fn take(value: &mut Value, attachments: &mut Vec<Bytes>) {
    match value {
        Value::Object(members) => {
            if let Some(bytes) = index_map(members) {
                *value = serde_json::json!({"_placeholder": true, "num": attachments.len()});
                attachments.push(bytes);
            } else {
                members
                    .values_mut()
                    .for_each(|member| take(member, attachments));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| take(item, attachments)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The bytes of `{"0":..,"1":..}`; `None` when it is any other object.
fn index_map(members: &Map<String, Value>) -> Option<Bytes> {
    if members.is_empty() {
        return None;
    }
    let mut bytes = Vec::with_capacity(members.len());
    for (index, (name, value)) in members.iter().enumerate() {
        if name.parse() != Ok(index) || name.len() > 1 && name.starts_with(['0', '+']) {
            return None;
        }
        bytes.push(u8::try_from(value.as_u64()?).ok()?);
    }
    Some(bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_maps_become_attachments() {
        let envelope = br#"{"data":{"a":{"0":1,"1":255},"b":[{"0":7}],"c":{"1":1},"d":{}}}"#;
        let (text, attachments) = extract(envelope).unwrap();
        assert_eq!(
            text,
            r#"{"data":{"a":{"_placeholder":true,"num":0},"b":[{"_placeholder":true,"num":1}],"c":{"1":1},"d":{}}}"#
        );
        assert_eq!(
            attachments,
            [Bytes::from_static(&[1, 255]), Bytes::from_static(&[7])]
        );
    }

    #[test]
    fn what_only_looks_like_bytes_stays() {
        for text in [
            r#"{"0":256}"#,
            r#"{"0":-1}"#,
            r#"{"0":1,"2":2}"#,
            r#"{"+0":1}"#,
            r#"{"0":"1"}"#,
            r#"{"0":1.5}"#,
        ] {
            assert_eq!(extract(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn more_than_ten_stay_text() {
        let many = format!("[{}]", [r#"{"0":1}"#; 11].join(","));
        assert_eq!(extract(many.as_bytes()), None);
    }
}

//! Stanzas as JSON: `{"tag", "attrs", "content"}`, as clients of the original know them.

use serde_json::{Map, Value, json};
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Node, NodeContent, NodeContentRef, NodeRef};

use super::values;

/// Deeper stanzas than this are not read.
const DEPTH: usize = 32;

/// Stanzas whose content is never a text.
const BINARY: [&str; 1] = ["enc"];

/// A stanza as JSON, its bytes by index as in records.
pub(crate) fn show(node: &NodeRef<'_>) -> Value {
    show_with(node, values::indexed)
}

/// A stanza as JSON, its bytes as base64 text.
pub(crate) fn show_base64(node: &NodeRef<'_>) -> Value {
    show_with(node, |bytes| values::base64(bytes).into())
}

fn show_with(node: &NodeRef<'_>, bytes: fn(&[u8]) -> Value) -> Value {
    let attrs: Map<String, Value> = node
        .attrs_iter()
        .map(|(name, value)| (name.to_string(), value.as_str().into_owned().into()))
        .collect();
    let mut shown = json!({"tag": node.tag.to_string(), "attrs": attrs});
    let content = match node.content.as_ref() {
        None => return shown,
        Some(NodeContentRef::Nodes(nodes)) => {
            nodes.iter().map(|node| show_with(node, bytes)).collect()
        }
        Some(NodeContentRef::Bytes(content)) => bytes(content.as_ref()),
        Some(NodeContentRef::String(text)) => text.to_string().into(),
    };
    shown["content"] = content;
    shown
}

/// A stanza from JSON; `None` when it is not one. Texts stay texts; bytes come in any form that [`super::read_bytes`] knows
/// but text, and as text where nothing else is possible.
pub(crate) fn read(value: &Value) -> Option<Node> {
    read_at(value, DEPTH)
}

fn read_at(value: &Value, depth: usize) -> Option<Node> {
    let depth = depth.checked_sub(1)?;
    let tag = value.get("tag")?.as_str().filter(|tag| !tag.is_empty())?;
    let mut node = NodeBuilder::new_dynamic(tag.to_owned()).build();
    for (name, value) in value
        .get("attrs")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(value) => value.to_string(),
            Value::Null => continue,
            Value::Array(_) | Value::Object(_) => return None,
        };
        node.attrs.push(name.clone(), text);
    }
    node.content = match value.get("content") {
        None | Some(Value::Null) => None,
        Some(bytes @ Value::String(_)) if BINARY.contains(&tag) => {
            Some(NodeContent::Bytes(values::read_bytes(bytes)?))
        }
        Some(Value::String(text)) => Some(NodeContent::String(text.as_str().into())),
        Some(Value::Array(items)) if items.iter().all(Value::is_object) => {
            let nodes = items.iter().map(|item| read_at(item, depth));
            Some(NodeContent::Nodes(nodes.collect::<Option<Vec<_>>>()?))
        }
        Some(bytes) => Some(NodeContent::Bytes(values::read_bytes(bytes)?)),
    };
    Some(node)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stanza_comes_back_the_same() {
        let value = json!({"tag": "call", "attrs": {"from": "1@s.whatsapp.net", "id": "A"}, "content": [
            {"tag": "offer", "attrs": {"call-id": "C"}, "content": {"0": 1, "1": 255}},
            {"tag": "note", "attrs": {}, "content": "text"},
            {"tag": "empty", "attrs": {}},
        ]});
        let node = read(&value).expect("it is a stanza");
        assert_eq!(show(&node.as_node_ref()), value);
    }

    #[test]
    fn bytes_come_in_any_form() {
        for content in [
            json!({"type": "Buffer", "data": [1, 255]}),
            json!({"type": "Buffer", "data": "Af8="}),
            json!("Af8="),
        ] {
            let node = read(&json!({"tag": "enc", "attrs": {}, "content": content}));
            let node = node.expect("it is a stanza");
            assert_eq!(
                show(&node.as_node_ref())["content"],
                json!({"0": 1, "1": 255})
            );
            assert_eq!(show_base64(&node.as_node_ref())["content"], "Af8=");
        }
        let text = json!({"tag": "note", "attrs": {}, "content": "Af8="});
        let node = read(&text).expect("it is a stanza");
        assert_eq!(show(&node.as_node_ref()), text);
        assert!(read(&json!({"tag": "enc", "content": "no base64!"})).is_none());
    }

    #[test]
    fn what_is_no_stanza_is_nothing() {
        for bad in [
            json!({}),
            json!({"tag": ""}),
            json!({"tag": "a", "attrs": {"b": []}}),
            json!("a"),
        ] {
            assert!(read(&bad).is_none(), "{bad}");
        }
        let mut deep = json!({"tag": "a"});
        for _ in 0..40 {
            deep = json!({"tag": "a", "content": [deep]});
        }
        assert!(read(&deep).is_none());
    }
}

//! Values that arrive as text because their sender had no other way.

use serde_json::{Map, Number, Value};

use super::{Kind, Schema};

/// Turns the texts of a form into what the schema asks for, where they can be read as that. Others stay, and are refused.
pub(crate) fn coerce_texts(schema: &Schema, body: &mut Map<String, Value>) {
    for (name, property) in schema.children() {
        let (Some(kind), Some(value)) = (property.kind(), body.get_mut(*name)) else {
            continue;
        };
        match value {
            Value::String(text) => {
                if let Some(read) = read(kind, text) {
                    *value = read;
                }
            }
            Value::Object(inner) if kind == Kind::Object => coerce_texts(property, inner),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => {}
        }
    }
}

/// `"delay": "1200"`, which several clients send.
pub(crate) fn coerce_delay(schema: &Schema, body: &mut Map<String, Value>) {
    let takes_number = schema.children().any(|(name, property)| {
        *name == "delay" && matches!(property.kind(), Some(Kind::Integer | Kind::Number))
    });
    if takes_number
        && let Some(value) = body.get_mut("delay")
        && let Value::String(text) = value
        && let Some(read) = read(Kind::Number, text)
    {
        *value = read;
    }
}

fn read(kind: Kind, text: &str) -> Option<Value> {
    let text = text.trim();
    match kind {
        Kind::Boolean => text.parse().ok().map(Value::Bool),
        Kind::Integer | Kind::Number => match text.parse::<i64>() {
            Ok(whole) => Some(Value::from(whole)),
            Err(_)
                if text
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-')) =>
            {
                text.parse()
                    .ok()
                    .and_then(Number::from_f64)
                    .map(Value::Number)
            }
            Err(_) => None,
        },
        Kind::Array => serde_json::from_str(text).ok().filter(Value::is_array),
        Kind::Object => serde_json::from_str(text).ok().filter(Value::is_object),
        Kind::String => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn texts_become_what_is_asked_for() {
        let schema = Schema::object()
            .property("delay", Schema::integer())
            .property("latitude", Schema::number())
            .property("encoding", Schema::boolean())
            .property("quoted", Schema::object().property("n", Schema::integer()))
            .property("mentioned", Schema::array())
            .property("text", Schema::string());
        let mut body = object(json!({
            "delay": "1200", "latitude": "-23.5", "encoding": "false", "quoted": "{\"key\":{\"id\":\"A\"}}",
            "mentioned": "[\"1\"]", "text": "5", "other": "6"
        }));
        coerce_texts(&schema, &mut body);
        assert_eq!(
            Value::Object(body),
            json!({"delay": 1200, "latitude": -23.5, "encoding": false, "quoted": {"key": {"id": "A"}},
                   "mentioned": ["1"], "text": "5", "other": "6"})
        );
        let mut odd =
            object(json!({"delay": "soon", "latitude": "NaN", "encoding": "yes", "quoted": "{"}));
        let before = odd.clone();
        coerce_texts(&schema, &mut odd);
        assert_eq!(odd, before);
    }

    #[test]
    fn only_delay_is_read_in_json() {
        let schema = Schema::object()
            .property("delay", Schema::integer())
            .property("flag", Schema::boolean());
        let mut body = object(json!({"delay": "10", "flag": "true"}));
        coerce_delay(&schema, &mut body);
        assert_eq!(Value::Object(body), json!({"delay": 10, "flag": "true"}));
    }
}

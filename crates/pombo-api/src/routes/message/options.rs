//! What all kinds of messages have in common.

use std::time::Duration;

use pombo_domain::message::{Outgoing, OutgoingContent, Resolved};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::schema::{Pattern, Schema};

/// Members that most send bodies may have.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Options {
    /// Milliseconds of "typing..." before sending; the request waits as long.
    delay: Option<f64>,
    quoted: Option<Value>,
    #[serde(deserialize_with = "lenient_flag")]
    mentions_every_one: bool,
    mentioned: Option<Vec<String>>,
    link_preview: Option<bool>,
    webhook_url: Option<String>,
}

impl Options {
    pub(super) fn outgoing(self, number: String, content: OutgoingContent) -> Outgoing {
        let delay = self
            .delay
            .and_then(|millis| Duration::try_from_secs_f64(millis / 1000.0).ok());
        Outgoing {
            number,
            content,
            delay: delay.unwrap_or_default(),
            quoted: self.quoted,
            mentioned: self.mentioned.unwrap_or_default(),
            mentions_everyone: self.mentions_every_one,
            link_preview: self.link_preview.unwrap_or(true),
            webhook_url: self.webhook_url,
            resolved: Resolved::default(),
        }
    }
}

/// A switch that some clients send as text. `"false"` does not mention everybody, as it does in the original.
pub(super) fn lenient_flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Bool(flag) => flag,
        Value::String(text) => text.trim().eq_ignore_ascii_case("true") || text.trim() == "1",
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    })
}

pub(super) fn number() -> Schema {
    Schema::string().describe("Invalid format")
}

/// Adds the common members to a body's schema.
pub(super) fn with_options(schema: Schema) -> Schema {
    schema
        .property(
            "delay",
            Schema::integer().describe("Enter a value in milliseconds"),
        )
        .property("quoted", quoted())
        .property("everyOne", Schema::strict_boolean())
        .property(
            "mentioned",
            Schema::array().min_items(1).unique().items(
                Schema::string()
                    .pattern(Pattern::LeadingDigits)
                    .describe("\"mentioned\" must be an array of numeric strings"),
            ),
        )
}

fn quoted() -> Schema {
    Schema::object()
        .property(
            "key",
            Schema::object()
                .properties(&["id", "remoteJid"], &Schema::string())
                .property("fromMe", Schema::strict_boolean())
                .required(&["id"])
                .not_empty(&["id"]),
        )
        .property("message", Schema::object())
}

/// Brings other spellings into the flat one: the wrappers of the original's first version (`textMessage`, `options`), and
/// the documentation's `mentions.everyOne`. Flat members win.
pub(super) fn flatten(body: &mut Map<String, Value>, wrapper: &str) {
    for name in [wrapper, "options"] {
        if body.get(name).is_some_and(Value::is_object)
            && let Some(Value::Object(inner)) = body.remove(name)
        {
            for (member, value) in inner {
                body.entry(member).or_insert(value);
            }
        }
    }
    if let Some(Value::Object(mentions)) = body.get("mentions") {
        let (everyone, mentioned) = (
            mentions.get("everyOne").cloned(),
            mentions.get("mentioned").cloned(),
        );
        for (name, value) in [("mentionsEveryOne", everyone), ("mentioned", mentioned)] {
            if let Some(value) = value {
                body.entry(name).or_insert(value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: Value) -> Outgoing {
        let options: Options = serde_json::from_value(body).unwrap();
        options.outgoing(
            "1".to_owned(),
            OutgoingContent::Text {
                text: String::new(),
            },
        )
    }

    #[test]
    fn everyone_is_mentioned_only_when_asked_for() {
        for (sent, expected) in [
            (json!(true), true),
            (json!("true"), true),
            (json!("false"), false),
            (json!(""), false),
            (json!(null), false),
            (json!(0), false),
        ] {
            assert_eq!(
                read(json!({"mentionsEveryOne": sent})).mentions_everyone,
                expected
            );
        }
    }

    #[test]
    fn delays_are_milliseconds() {
        assert_eq!(
            read(json!({"delay": 1500})).delay,
            Duration::from_millis(1500)
        );
        assert_eq!(read(json!({"delay": -5})).delay, Duration::ZERO);
        assert_eq!(read(json!({"delay": 1e300})).delay, Duration::ZERO);
    }

    #[test]
    fn wrappers_of_the_first_version_are_opened() {
        let mut body = json!({
            "number": "1", "textMessage": {"text": "x"}, "options": {"delay": 5, "mentions": {"everyOne": true}}
        })
        .as_object()
        .cloned()
        .unwrap();
        flatten(&mut body, "textMessage");
        assert_eq!(body["text"], "x");
        assert_eq!(body["delay"], 5);
        assert_eq!(body["mentionsEveryOne"], true);
    }
}

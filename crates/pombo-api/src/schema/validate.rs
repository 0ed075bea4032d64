//! Walks a value and its schema together.

use std::fmt::{self, Write};

use serde_json::Value;

use super::{Keyword, Kind, Schema};
use crate::error::Failure;

/// Where a value is: `instance`, `instance.quoted.key`, `instance.sections[0]`.
#[derive(Clone, Copy)]
enum Place<'a> {
    Root,
    Member(&'a Place<'a>, &'a str),
    Item(&'a Place<'a>, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => formatter.write_str("instance"),
            Self::Member(parent, name) => write!(formatter, "{parent}.{name}"),
            Self::Item(parent, index) => write!(formatter, "{parent}[{index}]"),
        }
    }
}

impl Schema {
    /// Everything that is wrong with `body`; empty when it is fine.
    pub(crate) fn failures(&self, body: &Value) -> Vec<Failure> {
        let mut check = Check {
            failures: Vec::new(),
        };
        check.value(self, body, Place::Root);
        check.failures
    }
}

struct Check {
    failures: Vec<Failure>,
}

impl Check {
    fn fail(&mut self, description: Option<&str>, place: Place<'_>, reason: fmt::Arguments<'_>) {
        let path = place.to_string();
        let path = path.strip_prefix("instance.").unwrap_or(&path).to_owned();
        let message = match description {
            Some(description) => description.to_owned(),
            None => format!("{path} {reason}"),
        };
        self.failures.push(Failure {
            property: path,
            message,
        });
    }

    fn value(&mut self, schema: &Schema, value: &Value, place: Place<'_>) {
        for keyword in &schema.keywords {
            self.keyword(keyword, schema.description, value, place);
        }
    }

    fn keyword(
        &mut self,
        keyword: &Keyword,
        description: Option<&str>,
        value: &Value,
        place: Place<'_>,
    ) {
        match keyword {
            Keyword::Type(kind) => {
                if !kind.fits(value) {
                    self.fail(
                        description,
                        place,
                        format_args!("is not of a type(s) {}", kind.as_str()),
                    );
                }
            }
            Keyword::Enum(allowed) => {
                if !value.as_str().is_some_and(|text| allowed.contains(&text)) {
                    self.fail(
                        description,
                        place,
                        format_args!("is not one of enum values: {}", allowed.join(",")),
                    );
                }
            }
            Keyword::EnumOfBooleans => {
                if !value.is_boolean() {
                    self.fail(
                        description,
                        place,
                        format_args!("is not one of enum values: true,false"),
                    );
                }
            }
            Keyword::EnumOfNumbers(allowed) => {
                if !value
                    .as_i64()
                    .is_some_and(|number| allowed.contains(&number))
                {
                    let list: Vec<String> = allowed.iter().map(i64::to_string).collect();
                    self.fail(
                        description,
                        place,
                        format_args!("is not one of enum values: {}", list.join(",")),
                    );
                }
            }
            Keyword::Pattern(pattern) => {
                if value.as_str().is_some_and(|text| !pattern.matches(text)) {
                    let quoted = Value::from(pattern.source());
                    self.fail(
                        description,
                        place,
                        format_args!("does not match pattern {quoted}"),
                    );
                }
            }
            Keyword::MinLength(least) => {
                if value
                    .as_str()
                    .is_some_and(|text| text.encode_utf16().take(*least).count() < *least)
                {
                    self.fail(
                        description,
                        place,
                        format_args!("does not meet minimum length of {least}"),
                    );
                }
            }
            Keyword::MinItems(least) => {
                if value.as_array().is_some_and(|items| items.len() < *least) {
                    self.fail(
                        description,
                        place,
                        format_args!("does not meet minimum length of {least}"),
                    );
                }
            }
            Keyword::MaxItems(most) => {
                if value.as_array().is_some_and(|items| items.len() > *most) {
                    self.fail(
                        description,
                        place,
                        format_args!("does not meet maximum length of {most}"),
                    );
                }
            }
            Keyword::UniqueItems => {
                if value.as_array().is_some_and(|items| has_repetition(items)) {
                    self.fail(description, place, format_args!("contains duplicate item"));
                }
            }
            Keyword::Minimum(limit) => {
                if value
                    .as_f64()
                    .is_some_and(|number| number < as_float(*limit))
                {
                    self.fail(
                        description,
                        place,
                        format_args!("must be greater than or equal to {limit}"),
                    );
                }
            }
            Keyword::Maximum(limit) => {
                if value
                    .as_f64()
                    .is_some_and(|number| number > as_float(*limit))
                {
                    self.fail(
                        description,
                        place,
                        format_args!("must be less than or equal to {limit}"),
                    );
                }
            }
            Keyword::Items(item) => {
                for (index, value) in value.as_array().into_iter().flatten().enumerate() {
                    self.value(item, value, Place::Item(&place, index));
                }
            }
            Keyword::Properties(properties) => {
                let Some(object) = value.as_object() else {
                    return;
                };
                for (name, property) in properties {
                    if let Some(value) = object.get(*name) {
                        self.value(property, value, Place::Member(&place, name));
                    }
                }
            }
            Keyword::Required(names) => {
                let Some(object) = value.as_object() else {
                    return;
                };
                for name in *names {
                    if !object.contains_key(*name) {
                        self.fail(
                            description,
                            place,
                            format_args!("requires property \"{name}\""),
                        );
                    }
                }
            }
            Keyword::NotEmpty(names) => {
                let Some(object) = value.as_object() else {
                    return;
                };
                if !object
                    .keys()
                    .all(|present| names.contains(&present.as_str()))
                {
                    return;
                }
                for name in *names {
                    if object
                        .get(*name)
                        .and_then(Value::as_str)
                        .is_some_and(str::is_empty)
                    {
                        let mut text = String::new();
                        if write!(text, "The \"{name}\" cannot be empty").is_ok() {
                            self.fail(Some(&text), Place::Member(&place, name), format_args!(""));
                        }
                    }
                }
            }
        }
    }
}

impl Kind {
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::String => value.is_string(),
            // JavaScript knows one kind of number: 2.0 is an integer.
            Self::Integer => {
                value.is_i64()
                    || value.is_u64()
                    || value.as_f64().is_some_and(|number| number.fract() == 0.0)
            }
            Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::Array => value.is_array(),
            Self::Object => value.is_object(),
        }
    }
}

/// Limits are small; JSON numbers are compared as JavaScript compares them.
fn as_float(limit: i64) -> f64 {
    i32::try_from(limit).map_or(f64::MAX, f64::from)
}

/// Whether two items are equal. Long lists are compared by their text, so that the work stays linear.
fn has_repetition(items: &[Value]) -> bool {
    let mut seen = std::collections::HashSet::with_capacity(items.len());
    items.iter().any(|item| !seen.insert(canonical(item)))
}

/// The JSON text with members in one order, equal for equal values.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            let inner: Vec<String> = members
                .into_iter()
                .map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), canonical(value)))
                .collect();
            format!("{{{}}}", inner.join(","))
        }
        Value::Array(items) => format!(
            "[{}]",
            items.iter().map(canonical).collect::<Vec<_>>().join(",")
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::Pattern;
    use super::*;

    fn texts(schema: &Schema, body: &Value) -> Vec<String> {
        schema
            .failures(body)
            .into_iter()
            .map(|failure| failure.message)
            .collect()
    }

    fn schema() -> Schema {
        Schema::object()
            .property("number", Schema::string().describe("Invalid format"))
            .property("kind", Schema::string().one_of(&["a", "b"]))
            .property("flag", Schema::strict_boolean())
            .property("count", Schema::integer().minimum(0).maximum(10))
            .property("size", Schema::number().one_of_numbers(&[0, 86400]))
            .property("jid", Schema::string().pattern(Pattern::NumberOrJid))
            .property(
                "names",
                Schema::array()
                    .min_items(2)
                    .max_items(3)
                    .unique()
                    .items(Schema::string().min_length(1)),
            )
            .property(
                "quoted",
                Schema::object().property(
                    "key",
                    Schema::object()
                        .property("id", Schema::string())
                        .required(&["id"])
                        .not_empty(&["id"]),
                ),
            )
            .required(&["number", "kind"])
            .not_empty(&["number", "kind"])
    }

    #[test]
    fn texts_and_order_are_the_originals() {
        assert_eq!(
            texts(&schema(), &json!({"number": "1", "kind": "a", "more": [1]})),
            Vec::<String>::new()
        );
        assert_eq!(
            texts(&schema(), &json!({})),
            [
                "instance requires property \"number\"",
                "instance requires property \"kind\""
            ]
        );
        assert_eq!(
            texts(
                &schema(),
                &json!({"number": 5, "kind": "x", "flag": "no", "count": 11, "size": 1, "jid": "abc", "names": ["a"],
                        "quoted": {"key": {}}})
            ),
            [
                "Invalid format",
                "kind is not one of enum values: a,b",
                "flag is not of a type(s) boolean",
                "flag is not one of enum values: true,false",
                "count must be less than or equal to 10",
                "size is not one of enum values: 0,86400",
                "jid does not match pattern \"^\\\\d+[\\\\.@\\\\w-]+\"",
                "names does not meet minimum length of 2",
                "quoted.key requires property \"id\"",
            ]
        );
        assert_eq!(
            texts(
                &schema(),
                &json!({"number": "1", "kind": "a", "count": 1.5, "names": ["x", "x", "", null]})
            ),
            [
                "count is not of a type(s) integer",
                "names does not meet maximum length of 3",
                "names contains duplicate item",
                "names[2] does not meet minimum length of 1",
                "names[3] is not of a type(s) string",
            ]
        );
    }

    #[test]
    fn empty_texts_are_refused_only_when_alone() {
        assert_eq!(
            texts(&schema(), &json!({"number": "", "kind": "a"})),
            ["The \"number\" cannot be empty"]
        );
        assert!(texts(&schema(), &json!({"number": "", "kind": "a", "other": 1})).is_empty());
        assert_eq!(
            texts(
                &schema(),
                &json!({"number": "1", "kind": "a", "quoted": {"key": {"id": ""}}})
            ),
            ["The \"id\" cannot be empty"]
        );
    }

    #[test]
    fn other_roots_and_null() {
        assert_eq!(
            texts(&schema(), &json!(null)),
            ["instance is not of a type(s) object"]
        );
        assert_eq!(
            texts(&schema(), &json!([1])),
            ["instance is not of a type(s) object"]
        );
        assert_eq!(
            texts(&schema(), &json!({"number": null, "kind": "a"})),
            ["Invalid format"]
        );
    }

    #[test]
    fn properties_of_failures_are_paths() {
        let failures = schema().failures(&json!({"kind": "x"}));
        let properties: Vec<_> = failures
            .iter()
            .map(|failure| failure.property.as_str())
            .collect();
        assert_eq!(properties, ["kind", "instance"]);
    }

    #[test]
    fn equal_items_are_equal_however_they_are_written() {
        assert!(has_repetition(&[
            json!({"a": 1, "b": 2}),
            json!({"b": 2, "a": 1})
        ]));
        assert!(!has_repetition(&[
            json!("1"),
            json!(1),
            json!(null),
            json!("null")
        ]));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let names = prop_oneof![
            Just("number"),
            Just("kind"),
            Just("quoted"),
            Just("key"),
            Just("id"),
            Just("names")
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(|number| json!(number)),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            Just(json!("a")),
        ];
        leaf.prop_recursive(5, 64, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((names.clone().prop_map(str::to_owned), inner.clone()), 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
                prop::collection::vec((any::<String>(), inner), 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn never_panics(body in any_json()) {
            for failure in schema().failures(&body) {
                prop_assert!(!failure.message.is_empty());
                prop_assert!(!failure.property.starts_with("instance."));
            }
        }
    }
}

//! `response.message`, which comes in five shapes that clients read.

use serde::Serialize;
use serde_json::{Value, json};

/// The message of an error answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// A text: 401 and whatever happens before a handler is reached.
    Text(String),
    /// A list of texts: errors of a handler.
    List(Vec<String>),
    /// A list that holds one list: a body that its schema refuses.
    Nested(Vec<String>),
    /// Objects with a property and a text: the same on group routes.
    Failures(Vec<Failure>),
    /// Objects that say more: a number that is not on WhatsApp.
    Objects(Vec<Value>),
}

/// One thing that is wrong with a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Path of the value, `instance` for the body itself.
    pub property: String,
    /// The whole text.
    pub message: String,
}

impl Message {
    /// A list of texts.
    pub fn list<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::List(texts.into_iter().map(Into::into).collect())
    }

    /// The JSON form.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Text(text) => json!(text),
            Self::List(texts) => json!(texts),
            Self::Nested(texts) => json!([texts]),
            Self::Failures(failures) => json!(failures),
            Self::Objects(objects) => json!(objects),
        }
    }

    /// Everything in one text.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::List(texts) | Self::Nested(texts) => texts.join(", "),
            Self::Failures(failures) => failures
                .iter()
                .map(|failure| failure.message.as_str())
                .collect::<Vec<_>>()
                .join(", "),
            Self::Objects(objects) => objects
                .iter()
                .map(Value::to_string)
                .collect::<Vec<_>>()
                .join(", "),
        }
    }
}

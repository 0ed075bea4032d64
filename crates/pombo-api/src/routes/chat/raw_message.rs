//! A protocol message as edits and deletions answer it.

use pombo_domain::port::Protocolled;
use serde_json::{Value, json};

/// `{key, message: {protocolMessage}, messageTimestamp, status}`. Source: observed on the original, v2.3.6.
pub(super) fn raw(done: &Protocolled) -> Value {
    json!({
        "key": done.key,
        "message": {"protocolMessage": done.protocol},
        // Compatible: a text here.
        "messageTimestamp": done.timestamp.to_string(),
        "status": "PENDING",
    })
}

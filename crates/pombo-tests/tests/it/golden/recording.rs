//! What was recorded.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// One request and, for a part of them, what the original answered.
#[derive(Debug, Deserialize)]
pub(super) struct Exchange {
    pub(super) name: String,
    pub(super) request: Request,
    pub(super) response: Option<Recorded>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Value,
}

#[derive(Debug, Deserialize)]
pub(super) struct Recorded {
    pub(super) status: u16,
    pub(super) body: Value,
    /// Tells the four bytes `null` from no bytes at all.
    pub(super) body_kind: Option<String>,
}

/// The lines of a recording.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Vec<T> {
    let text = std::fs::read_to_string(path).expect("the recordings are there");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a recorded line"))
        .collect()
}

//! What was recorded.

use serde::Deserialize;
use serde_json::Value;

use super::super::recording::Recorded;

/// One step of the session.
#[derive(Debug, Deserialize)]
pub(super) struct Step {
    pub(super) step: String,
    #[serde(default)]
    pub(super) requests: Vec<Exchange>,
    #[serde(default)]
    pub(super) events: Vec<Event>,
}

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
    pub(super) body: Value,
}

/// One envelope that the original delivered.
#[derive(Debug, Deserialize)]
pub(super) struct Event {
    /// `webhook`, `socket.io`
    pub(super) via: String,
    pub(super) instance: String,
    pub(super) body: Value,
}

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

impl Step {
    /// The id of the message that was sent in the step, as the recording calls it.
    pub(super) fn sent_id(&self) -> Option<&str> {
        let mut sent = self.events.iter();
        let sent = sent.find(|event| event.body["event"] == "send.message")?;
        sent.body["data"]["key"]["id"].as_str()
    }
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

//! What a phone does by itself.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Switches of a phone. Its duties to its own companions (keys, history, settings) are not among them: it does those always.
///
/// All are off at first: a phone that nobody has switched on does not show that a message has arrived.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Habits {
    /// Confirms that messages of others have arrived.
    pub delivery_receipts: bool,
    /// Reads what arrives, at once.
    pub reads: bool,
    /// Answers messages of others in direct chats.
    pub answers: Answer,
    /// Types for so long before it answers.
    pub typing: Duration,
    /// Writes direct messages to LIDs, whatever the address that it was given.
    pub writes_to_lids: bool,
    /// Does not even decrypt what arrives: for measuring the network without its phones.
    pub deaf: bool,
    /// Gives every message a secret, as newer phones do; polls and events have one in any case.
    pub secrets: bool,
}

/// What a phone answers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Answer {
    /// Nothing.
    #[default]
    Nothing,
    /// The same again, after a prefix.
    Echo(String),
    /// Always this.
    Text(String),
}

impl Answer {
    /// The answer to a text; `None` for silence.
    pub(crate) fn to(&self, text: &str) -> Option<String> {
        match self {
            Self::Nothing => None,
            Self::Echo(prefix) => (!text.is_empty()).then(|| format!("{prefix}{text}")),
            Self::Text(answer) => Some(answer.clone()),
        }
    }
}

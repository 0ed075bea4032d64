//! Strict mode: what a client did that the network does not know, or that the real one would refuse.

use serde::Serialize;

/// One stanza that should not have been sent, or that the simulator should have known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// What is wrong with it.
    pub reason: String,
    /// Phone number and device of the sender; empty before the login.
    pub sender: String,
    /// The stanza, printed.
    pub stanza: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "{} (from {}): {}",
            self.reason, self.sender, self.stanza
        )
    }
}

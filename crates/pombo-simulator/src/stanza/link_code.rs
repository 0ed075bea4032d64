//! Pairing with an 8-character code that the client shows and the user types into the phone.

use std::collections::HashMap;

use wacore_binary::Node;

use super::answer::{Answer, Refusal};
use crate::network::{AccountId, ConnectionId, State};

/// Clients that wait for their code to be typed.
#[derive(Debug, Default)]
pub(crate) struct LinkCodes {
    waiting: HashMap<AccountId, Waiting>,
}

#[derive(Debug)]
struct Waiting {
    connection: ConnectionId,
}

impl LinkCodes {
    /// The client has gone, or is linked.
    pub(crate) fn forget(&mut self, connection: ConnectionId) {
        self.waiting
            .retain(|_, waiting| waiting.connection != connection);
    }

    pub(crate) fn is_waiting(&self, connection: ConnectionId) -> bool {
        self.waiting
            .values()
            .any(|waiting| waiting.connection == connection)
    }
}

/// `<link_code_companion_reg>`.
pub(crate) fn answer(_state: &mut State, _id: ConnectionId, _iq: &Node) -> Answer {
    Err(Refusal::Unknown)
}

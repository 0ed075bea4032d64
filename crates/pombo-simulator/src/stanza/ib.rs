//! `<ib>`: notes from the client that want no answer.

use wacore_binary::Node;

use super::answer::Refusal;
use super::passive;
use crate::network::{Session, State};
use crate::node::NodeExt as _;

/// The next batch of waiting stanzas is sent; other notes are taken for what they say.
pub(crate) fn handle(state: &mut State, from: &Session, ib: &Node) -> Result<(), Refusal> {
    for child in ib.nodes() {
        match child.tag.as_ref() {
            "offline_batch" => {
                let count = child
                    .parsed("count")
                    .filter(|count| *count > 0)
                    .ok_or(Refusal::Malformed("a batch of no size"))?;
                passive::send_waiting(state, from, count);
            }
            "unified_session" | "client_expiration" | "location" => {}
            _ => return Err(Refusal::Unknown),
        }
    }
    Ok(())
}

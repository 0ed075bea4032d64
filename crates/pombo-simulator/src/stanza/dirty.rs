//! `urn:xmpp:whatsapp:dirty`: the client has fetched anew what the server called outdated.

use wacore_binary::Node;

use super::answer::{Answer, Refusal, Reply};
use crate::node::NodeExt as _;

/// `<clean type timestamp>`.
pub(crate) fn clean(iq: &Node) -> Answer {
    let known = |node: &Node| {
        node.tag == "clean"
            && matches!(
                node.text("type").as_ref(),
                "groups" | "account_sync" | "newsletter_metadata" | "syncd_app_state"
            )
    };
    if iq.nodes().is_empty() || !iq.nodes().iter().all(known) {
        return Err(Refusal::Unknown);
    }
    Reply::empty()
}

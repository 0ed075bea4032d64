//! `spam`: a user reports messages.

use serde::{Deserialize, Serialize};
use wacore_binary::Node;

use super::answer::{Answer, Refusal, Reply};
use crate::network::{AccountId, Session, State};
use crate::node::{NodeExt as _, node};

/// A report, as the network keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SpamReport {
    pub(crate) id: String,
    pub(crate) by: AccountId,
    /// Where the user was when they reported.
    pub(crate) flow: String,
    /// Ids of the messages.
    pub(crate) messages: Vec<String>,
}

/// `<spam_list spam_flow><message id t from/>…</spam_list>`.
pub(crate) fn report(state: &mut State, from: &Session, iq: &Node) -> Answer {
    let list = iq
        .child("spam_list")
        .ok_or(Refusal::Malformed("a report without <spam_list>"))?;
    let messages: Vec<String> = list
        .nodes_named("message")
        .map(|message| message.text("id").into_owned())
        .collect();
    if messages.is_empty() || list.text("spam_flow").is_empty() {
        return Err(Refusal::BAD_REQUEST);
    }
    let id = state.random.hex::<8>();
    state.spam_reports.push(SpamReport {
        id: id.clone(),
        by: from.account,
        flow: list.text("spam_flow").into_owned(),
        messages,
    });
    Reply::node(node("report_id").string_content(id).build())
}

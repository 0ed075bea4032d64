//! `bot`: the assistants that accounts can write to.

use wacore_binary::{Jid, Node, Server};

use super::answer::{Answer, Refusal, Reply};
use crate::node::{NodeExt as _, node};

/// The one assistant of this network: address and persona.
const ASSISTANT: (&str, &str) = ("13135550002", "867051314767696$760019659443059");

/// `<bot v="2"/>`.
pub(crate) fn list(iq: &Node) -> Answer {
    let request = iq.child("bot").ok_or(Refusal::BAD_REQUEST)?;
    if request.text("v") != "2" {
        return Err(Refusal::BAD_REQUEST);
    }
    let (user, persona) = ASSISTANT;
    let bot = node("bot")
        .attr("jid", Jid::new(user, Server::Bot))
        .attr("persona_id", persona)
        .build();
    let default = node("default")
        .attr("jid", Jid::new(user, Server::Bot))
        .attr("persona_id", persona)
        .build();
    let section = node("section")
        .attr("type", "all")
        .attr("name", "All")
        .children([bot])
        .build();
    Reply::node(
        node("bot")
            .attr("v", "2")
            .children([default, section])
            .build(),
    )
}

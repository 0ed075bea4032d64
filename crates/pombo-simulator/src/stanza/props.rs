//! `abt` (and, from older clients, `w`): switches of experiments.

use sha2::{Digest as _, Sha256};
use wacore_binary::Node;

use super::answer::{Answer, Refusal, Reply};
use crate::network::{Session, State};
use crate::node::{NodeExt as _, node};

/// How long a client may use what it got (seconds).
const REFRESH: u32 = 86_400;

/// `<props protocol hash?/>`: all of them, or none when the client's hash shows that it has them.
pub(crate) fn get(state: &mut State, _: &Session, iq: &Node) -> Answer {
    let request = iq
        .child("props")
        .ok_or(Refusal::Malformed("a request for props without <props>"))?;
    let mut hash = Sha256::new();
    for (code, value) in &state.props {
        hash.update(code.to_be_bytes());
        hash.update(value.as_bytes());
        hash.update([0]);
    }
    let hash: String = hash
        .finalize()
        .iter()
        .take(4)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let is_known = request.text("hash") == hash;
    let props: Vec<Node> = state
        .props
        .iter()
        .filter(|_| !is_known)
        .map(|(code, value)| {
            node("prop")
                .attr("config_code", *code)
                .attr("config_value", value.as_str())
                .build()
        })
        .collect();
    Reply::node(
        node("props")
            .attr("protocol", request.text("protocol").as_ref())
            .attr("ab_key", format!("sim-{hash}"))
            .attr("hash", hash)
            .attr("refresh", REFRESH)
            .attr("refresh_id", 1)
            .attr("delta_update", if is_known { "true" } else { "false" })
            .children(props)
            .build(),
    )
}

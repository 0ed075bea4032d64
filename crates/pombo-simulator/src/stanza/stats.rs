//! `w:stats`: what clients measure about themselves. Taken and thrown away, as far as they can tell.

use wacore_binary::Node;

use super::answer::{Answer, Refusal, Reply};
use crate::node::NodeExt as _;

/// `<add t>measurements</add>`.
pub(crate) fn add(iq: &Node) -> Answer {
    match iq.nodes() {
        [add] if add.tag == "add" => Reply::empty(),
        _ => Err(Refusal::Malformed("measurements without <add>")),
    }
}

//! `w:p`: signs of life.

use wacore_binary::Node;

use super::answer::{Answer, Refusal, Reply};
use crate::node::NodeExt as _;

/// `<ping/>`, or nothing at all, as some clients send it.
pub(crate) fn answer(iq: &Node) -> Answer {
    match iq.nodes() {
        [] => Reply::empty(),
        [ping] if ping.tag == "ping" => Reply::empty(),
        _ => Err(Refusal::Unknown),
    }
}

//! The stanzas of one direction of one connection, after their verdicts.

use std::time::Duration;

use wacore_binary::Node;

use super::damage::damage;
use super::plan::{Ending, Verdict};
use crate::node::{NodeExt as _, node, service};

/// What is to be done next, in order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Emission {
    /// Nothing goes on for so long.
    Wait(Duration),
    /// A frame of these bytes, as they are.
    Garbage(Vec<u8>),
    /// This stanza; its bytes at this speed, if one is given.
    Stanza(Node, Option<u64>),
    /// This stanza goes back to where the stanza came from.
    Answer(Node),
    /// Half of this stanza's frame; what follows is [`Emission::Close`].
    HalfOf(Node),
    /// This stanza, then the connection ends in order.
    Last(Node),
    /// The connection ends at once.
    Close,
}

/// Holds back what was reordered.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    held: Vec<Held>,
}

#[derive(Debug)]
struct Held {
    left: u32,
    emissions: Vec<Emission>,
}

impl Lane {
    /// How long a stanza is held back at most when nothing follows.
    pub(crate) const PATIENCE: Duration = Duration::from_millis(500);

    /// What to do for a stanza with this verdict.
    pub(crate) fn pass(&mut self, mut node: Node, verdict: Verdict) -> Vec<Emission> {
        let mut now = Vec::new();
        if !verdict.delay.is_zero() {
            now.push(Emission::Wait(verdict.delay));
        }
        now.extend(verdict.garbage.into_iter().map(Emission::Garbage));
        match verdict.ending {
            Some(Ending::Close) => {
                now.push(Emission::Close);
                return now;
            }
            Some(Ending::CloseMidFrame) => {
                now.extend([Emission::HalfOf(node), Emission::Close]);
                return now;
            }
            Some(Ending::Stanza(last)) => {
                now.push(Emission::Last(last));
                return now;
            }
            None => {}
        }
        if let Some((code, text)) = verdict.refuse.filter(|_| node.tag == "iq") {
            now.push(Emission::Answer(refusal(&node, code, &text)));
            return now;
        }
        if verdict.damage {
            damage(&mut node);
        }
        let copies = std::iter::repeat_n(
            Emission::Stanza(node, verdict.bytes_per_second),
            verdict.copies as usize,
        );
        if verdict.behind > 0 {
            self.held.push(Held {
                left: verdict.behind,
                emissions: copies.collect(),
            });
            return now;
        }
        now.extend(copies);
        for held in &mut self.held {
            held.left -= 1;
        }
        let (due, held) = std::mem::take(&mut self.held)
            .into_iter()
            .partition(|held| held.left == 0);
        self.held = held;
        let due: Vec<Held> = due;
        now.extend(due.into_iter().flat_map(|held| held.emissions));
        now
    }

    /// Whether something is held back: [`Lane::release`] is due after [`Lane::PATIENCE`] without another stanza.
    pub(crate) fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// Lets go of all that is held back.
    pub(crate) fn release(&mut self) -> Vec<Emission> {
        self.held
            .drain(..)
            .flat_map(|held| held.emissions)
            .collect()
    }
}

/// `<iq type="error">` to a question.
fn refusal(question: &Node, code: u16, text: &str) -> Node {
    let error = node("error")
        .attr("code", code)
        .attr("text", text.to_owned())
        .build();
    node("iq")
        .attr("from", question.jid("to").unwrap_or_else(service))
        .attr("type", "error")
        .attr("id", question.text("id").as_ref())
        .children([error])
        .build()
}

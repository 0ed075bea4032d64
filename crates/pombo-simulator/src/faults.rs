//! What goes wrong on purpose.
//!
//! Every stanza and every frame of every connection passes a [`FaultPlan`], when there is one.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use wacore_binary::Node;

pub use crate::connection::Peer;

/// What happens to one stanza.
#[derive(Debug, Clone, PartialEq)]
pub enum StanzaFault {
    /// Nothing.
    None,
    /// It is lost.
    Drop,
    /// It is late, and all that follows it too.
    Delay(Duration),
    /// It comes twice.
    Duplicate,
    /// It changes places with the next one.
    Hold,
    /// Another one comes in its place.
    Replace(Box<Node>),
    /// The connection is closed in its place.
    Close,
}

/// What happens to one encrypted frame that goes to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FrameFault {
    /// Nothing.
    None,
    /// One byte (counted around, if beyond the end) has the bits of the mask turned.
    Damage {
        /// Which byte, the three of the length included.
        position: usize,
        /// Which bits.
        mask: u8,
    },
    /// Other bytes are sent.
    Replace(Vec<u8>),
    /// Only that many bytes are sent, then the connection is closed.
    CutAfter(usize),
}

/// Decides what goes wrong. Called on the connections' tasks: it must not wait.
pub trait FaultPlan: Send + Sync {
    /// A stanza that a client sent.
    fn incoming(&self, _from: &Peer, _stanza: &Node) -> StanzaFault {
        StanzaFault::None
    }

    /// A stanza on its way to a client.
    fn outgoing(&self, _to: &Peer, _stanza: &Node) -> StanzaFault {
        StanzaFault::None
    }

    /// A frame on its way to a client, length included.
    fn frame(&self, _to: &Peer, _frame: &[u8]) -> FrameFault {
        FrameFault::None
    }
}

/// The plan in force, if any.
#[derive(Default)]
pub(crate) struct Faults {
    plan: RwLock<Option<Arc<dyn FaultPlan>>>,
}

impl Faults {
    /// Puts a plan in force, or ends the one that was.
    pub(crate) fn set(&self, plan: Option<Arc<dyn FaultPlan>>) {
        *self.plan.write().unwrap_or_else(PoisonError::into_inner) = plan;
    }

    pub(crate) fn incoming(&self, from: &Peer, stanza: &Node) -> StanzaFault {
        self.plan()
            .map_or(StanzaFault::None, |plan| plan.incoming(from, stanza))
    }

    pub(crate) fn outgoing(&self, to: &Peer, stanza: &Node) -> StanzaFault {
        self.plan()
            .map_or(StanzaFault::None, |plan| plan.outgoing(to, stanza))
    }

    pub(crate) fn frame(&self, to: &Peer, frame: &[u8]) -> FrameFault {
        self.plan()
            .map_or(FrameFault::None, |plan| plan.frame(to, frame))
    }

    fn plan(&self) -> Option<Arc<dyn FaultPlan>> {
        self.plan
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

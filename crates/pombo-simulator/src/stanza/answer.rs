//! What a handler says.

use wacore_binary::Node;

use crate::node::{NodeExt as _, node, service};

/// The outcome of a request.
pub(crate) type Answer = Result<Reply, Refusal>;

/// A request that was fulfilled.
#[derive(Debug)]
pub(crate) enum Reply {
    /// `<iq type="result">` with these children, which may be none.
    Result(Vec<Node>),
    /// The handler has answered already, because something had to follow the answer.
    Sent,
}

impl Reply {
    /// A result without content: as the real network answers this request, never for convenience.
    pub(crate) fn empty() -> Answer {
        Ok(Self::Result(Vec::new()))
    }

    pub(crate) fn node(node: Node) -> Answer {
        Ok(Self::Result(vec![node]))
    }
}

/// A request that was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// An ordinary no, such as 404 for a picture that nobody has set. Not a fault of the client.
    No(u16, &'static str),
    /// The stanza is not one that the real network would accept: strict mode reports it with the reason. Answered with 400.
    Malformed(&'static str),
    /// The same, with the code that the real network gives.
    Invalid(u16, &'static str, &'static str),
    /// We do not know this request: strict mode reports it. Answered with 501.
    Unknown,
}

impl Refusal {
    pub(crate) const BAD_REQUEST: Self = Self::No(400, "bad-request");
    pub(crate) const UNAUTHORIZED: Self = Self::No(401, "not-authorized");
    pub(crate) const FORBIDDEN: Self = Self::No(403, "forbidden");
    pub(crate) const NOT_FOUND: Self = Self::No(404, "item-not-found");
    pub(crate) const NOT_ALLOWED: Self = Self::No(405, "not-allowed");
    pub(crate) const NOT_ACCEPTABLE: Self = Self::No(406, "not-acceptable");
    pub(crate) const CONFLICT: Self = Self::No(409, "conflict");
    pub(crate) const GONE: Self = Self::No(410, "gone");

    /// The error code and text on the wire.
    pub(crate) fn code(&self) -> (u16, &'static str) {
        match self {
            Self::No(code, text) | Self::Invalid(code, text, _) => (*code, text),
            Self::Malformed(_) => (400, "bad-request"),
            Self::Unknown => (501, "feature-not-implemented"),
        }
    }

    /// What strict mode reports; `None` for an ordinary no.
    pub(crate) fn violation(&self) -> Option<String> {
        match self {
            Self::No(..) => None,
            Self::Malformed(reason) | Self::Invalid(_, _, reason) => Some((*reason).to_owned()),
            Self::Unknown => Some("unknown stanza".to_owned()),
        }
    }
}

/// `<iq type="result">` to a request.
pub(crate) fn result(request: &Node, children: Vec<Node>, now: u64) -> Node {
    let answer = node("iq")
        .attr("from", request.jid("to").unwrap_or_else(service))
        .attr("type", "result")
        .attr("id", request.text("id").as_ref())
        .attr("t", now);
    if children.is_empty() {
        answer.build()
    } else {
        answer.children(children).build()
    }
}

/// `<iq type="error">` to a request.
pub(crate) fn error(request: &Node, refusal: &Refusal) -> Node {
    let (code, text) = refusal.code();
    node("iq")
        .attr("from", request.jid("to").unwrap_or_else(service))
        .attr("type", "error")
        .attr("id", request.text("id").as_ref())
        .children([node("error").attr("code", code).attr("text", text).build()])
        .build()
}

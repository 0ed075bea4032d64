//! How a client that comes back catches up.
//!
//! A client names the last place in the log that it saw. It is put into the list of live receivers at once, but as
//! *replaying*: live events are not shown to it, only noted, since the log holds them already. A task reads the log and
//! sends what the client missed, at the client's pace. When the log has nothing newer than what was noted, the client
//! becomes *live*, under the same lock that the next live event takes: so nothing is lost, repeated or overtaken, and
//! nothing is buffered meanwhile.

mod catch_up;
mod progress;
#[cfg(test)]
mod tests;

pub(crate) use catch_up::{End, Interrupted, Receiver, SendError, Start, catch_up};
pub(crate) use progress::Progress;

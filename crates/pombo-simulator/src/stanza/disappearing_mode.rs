//! `disappearing_mode`: after how long messages of new chats disappear.

use wacore_binary::Node;

use super::answer::{Answer, Refusal, Reply};
use super::notification;
use crate::network::{Addressing, Session, State};
use crate::node::{NodeExt as _, node};

/// `<disappearing_mode duration/>`, in seconds; 0 is never. Own devices and acquaintances are told.
pub(crate) fn set(state: &mut State, from: &Session, iq: &Node) -> Answer {
    let duration: u32 = iq
        .child("disappearing_mode")
        .and_then(|mode| mode.parsed("duration"))
        .ok_or(Refusal::BAD_REQUEST)?;
    let now = state.clock.now();
    let account = state.account_mut(from.account).ok_or(Refusal::NOT_FOUND)?;
    account.disappearing = (duration, now);
    let jid = account.jid(Addressing::Pn);
    let mode = node("disappearing_mode")
        .attr("duration", duration)
        .attr("t", now)
        .build();
    let note = notification::build(state, "account_sync", jid.clone(), [], vec![mode.clone()]);
    notification::tell(state, from.account, Some(from.device), note);
    for other in state.acquaintances(from.account) {
        let note = notification::build(
            state,
            "disappearing_mode",
            jid.clone(),
            [],
            vec![mode.clone()],
        );
        notification::tell(state, other, None, note);
    }
    Reply::empty()
}

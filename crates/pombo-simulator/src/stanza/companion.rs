//! `remove-companion-device`: a companion logs out, or its phone removes it.

use wacore_binary::Node;

use super::answer::{Answer, Refusal, Reply, result};
use super::{devices, login};
use crate::network::{AccountId, DeviceNumber, Session, State};
use crate::node::NodeExt as _;

/// The companion names itself (the phone may name any of its companions): it is removed, told so, and disconnected.
pub(crate) fn remove(state: &mut State, from: &Session, iq: &Node) -> Answer {
    let request = iq
        .child("remove-companion-device")
        .ok_or(Refusal::Unknown)?;
    let jid = request.jid("jid").ok_or(Refusal::Malformed(
        "a companion to remove without its address",
    ))?;
    let account = state.resolve(&jid).ok_or(Refusal::NOT_FOUND)?;
    let is_own = account == from.account && (from.device == 0 || from.device == jid.device);
    if !is_own || jid.device == 0 {
        return Err(Refusal::FORBIDDEN);
    }
    let now = state.clock.now();
    state.answer(from, result(iq, Vec::new(), now));
    unlink(state, account, jid.device);
    Ok(Reply::Sent)
}

/// Takes a companion off its account, tells it, and tells the others. False when there is no such companion.
pub(crate) fn unlink(state: &mut State, account: AccountId, number: DeviceNumber) -> bool {
    if number == 0 || state.device(account, number).is_none() {
        return false;
    }
    let session = Session {
        account,
        device: number,
        connection: None,
    };
    login::end(state, &session, 401, Some("device_removed"));
    let now = state.clock.now();
    if let Some(account) = state.account_mut(account) {
        account.devices.remove(&number);
        account.devices_changed_at = now;
    }
    devices::announce_removed(state, account, number);
    true
}

//! `<notification type="w:gp2">`: what happened in a group.

use wacore_binary::Node;

use super::super::notification;
use super::node::address;
use crate::network::{AccountId, Addressing, State};

/// Tells some accounts, with all their devices, what `actor` did in a group. The device that did it is told as well, as in the real
/// network: it is how its own view is brought up to date.
pub(super) fn tell(
    state: &mut State,
    id: &str,
    actor: AccountId,
    recipients: impl IntoIterator<Item = AccountId>,
    children: &[Node],
) {
    let Some(group) = state.groups.get(id) else {
        return;
    };
    let (jid, mode) = (group.jid(), group.addressing);
    let name = state
        .account(actor)
        .map(|account| account.name.clone())
        .unwrap_or_default();
    let other = match mode {
        Addressing::Lid => "participant_pn",
        Addressing::Pn => "participant_lid",
    };
    let participant = address(state, actor, mode);
    let participant_other = address(state, actor, mode.other());
    for account in recipients {
        let mut notification = notification::build(
            state,
            "w:gp2",
            jid.clone(),
            [("addressing_mode", mode.as_str().to_owned())],
            children.to_vec(),
        );
        let attributes = &mut notification.attrs;
        attributes.insert("participant", participant.clone());
        attributes.insert(other, participant_other.clone());
        if !name.is_empty() {
            attributes.insert("notify", name.as_str());
        }
        notification::tell(state, account, None, notification);
    }
}

/// Tells all members.
pub(crate) fn tell_members(state: &mut State, id: &str, actor: AccountId, children: &[Node]) {
    let members = state
        .groups
        .get(id)
        .map(|group| group.member_ids())
        .unwrap_or_default();
    tell(state, id, actor, members, children);
}

/// Tells the admins.
pub(super) fn tell_admins(state: &mut State, id: &str, actor: AccountId, children: &[Node]) {
    let admins = state
        .groups
        .get(id)
        .map(|group| group.admin_ids())
        .unwrap_or_default();
    tell(state, id, actor, admins, children);
}

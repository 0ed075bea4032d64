//! `<chatstate>`: somebody is typing, or recording. Passed on to whoever is online, never kept and never acknowledged.

use std::sync::Arc;

use wacore_binary::{Node, Server};

use super::answer::Refusal;
use crate::network::{AccountId, Addressing, Session, State};
use crate::node::{NodeExt as _, node};

/// Passes the state on to the other side, or to all other members of a group.
pub(crate) fn handle(state: &mut State, from: &Session, chatstate: &Node) -> Result<(), Refusal> {
    let to = chatstate
        .jid("to")
        .ok_or(Refusal::Malformed("a chat state for nobody"))?;
    let known =
        matches!(chatstate.nodes(), [kind] if matches!(kind.tag.as_ref(), "composing" | "paused"));
    if !known {
        return Err(Refusal::Unknown);
    }
    let Some(sender) = state.account(from.account) else {
        return Ok(());
    };
    let (stanza, targets): (_, Vec<AccountId>) = if to.server == Server::Group {
        let Some(group) = state.groups.get(to.user.as_str()) else {
            return Ok(());
        };
        if !group.members.contains_key(&from.account) {
            return Ok(());
        }
        let stanza = node("chatstate")
            .attr("from", to.clone())
            .attr("participant", sender.jid(group.addressing));
        let others = group.members.keys().copied();
        (
            stanza,
            others.filter(|member| *member != from.account).collect(),
        )
    } else {
        let stanza = node("chatstate").attr("from", sender.jid(Addressing::of(&to)));
        let hears = |account: &AccountId| !state.has_blocked(*account, from.account);
        (
            stanza,
            state.resolve(&to).into_iter().filter(hears).collect(),
        )
    };
    let stanza = Arc::new(stanza.children(chatstate.nodes().to_vec()).build());
    for account in targets {
        let devices: Vec<_> = state
            .account(account)
            .map(|account| account.devices.keys().copied().collect())
            .unwrap_or_default();
        for device in devices {
            state.deliver_if_online(account, device, Arc::clone(&stanza));
        }
    }
    Ok(())
}

//! `<call>`: the signalling of calls. Acknowledged and passed on; the network carries no sound.
//!
//! That the callee's other devices stop ringing is the caller's business: it tells each of them.

use wacore_binary::{Jid, Node, Server};

use super::answer::Refusal;
use crate::network::{AccountId, Addressing, DeviceNumber, Session, State};
use crate::node::{NodeExt as _, node};

/// What can be said about a call.
const ACTIONS: [&str; 16] = [
    "offer",
    "offer_notice",
    "preaccept",
    "accept",
    "reject",
    "terminate",
    "transport",
    "relaylatency",
    "relayelection",
    "mute",
    "mute_v2",
    "heartbeat",
    "interruption",
    "video",
    "video_state",
    "group_update",
];

/// Passes the action on: to the device that is named, or to all devices of the account.
pub(crate) fn handle(state: &mut State, from: &Session, call: &Node) -> Result<(), Refusal> {
    let to = call
        .jid("to")
        .ok_or(Refusal::Malformed("a call to nobody"))?;
    let [action] = call.nodes() else {
        return Err(Refusal::Malformed("a call without an action"));
    };
    if to.server == Server::Call {
        return link(state, from, call, action);
    }
    if !ACTIONS.contains(&action.tag.as_ref()) {
        return Err(Refusal::Unknown);
    }
    if action.text("call-id").is_empty() || action.jid("call-creator").is_none() {
        return Err(Refusal::Malformed("a call without id or creator"));
    }
    let ack = node("ack")
        .attr("class", "call")
        .attr("id", call.text("id").as_ref())
        .attr("from", to.clone())
        .attr("type", action.tag.as_ref())
        .build();
    state.answer(from, ack);
    let Some(account) = state.resolve(&to) else {
        return Ok(());
    };
    // It rings for the caller, and for nobody else.
    if state.has_blocked(account, from.account) {
        return Ok(());
    }
    let devices: Vec<DeviceNumber> = if to.device == 0 {
        let account = state.account(account);
        account
            .map(|account| account.devices.keys().copied().collect())
            .unwrap_or_default()
    } else {
        vec![to.device]
    };
    for device in devices {
        if (account, device) != (from.account, from.device) {
            forward(state, from, call, action, &to, account, device);
        }
    }
    Ok(())
}

/// `<link_create media><event start_time/></link_create>` to `@call`: a link by which others can join a call. Its token is in the
/// acknowledgement.
fn link(state: &mut State, from: &Session, call: &Node, action: &Node) -> Result<(), Refusal> {
    if action.tag != "link_create" {
        return Err(Refusal::Unknown);
    }
    let media = action.text("media");
    if !matches!(media.as_ref(), "audio" | "video") {
        return Err(Refusal::Malformed(
            "a call link for neither sound nor picture",
        ));
    }
    let created = node("link_create")
        .attr("token", super::group::new_invite_code(state))
        .attr("media", media.as_ref())
        .build();
    let ack = node("ack")
        .attr("class", "call")
        .attr("type", "link_create")
        .attr("id", call.text("id").as_ref())
        .attr("from", Jid::new("", Server::Call))
        .children([created])
        .build();
    state.answer(from, ack);
    Ok(())
}

fn forward(
    state: &mut State,
    from: &Session,
    call: &Node,
    action: &Node,
    to: &Jid,
    account: AccountId,
    device: DeviceNumber,
) {
    let Some(sender) = state.account(from.account) else {
        return;
    };
    let addressing = Addressing::of(to);
    let mut stanza = node("call")
        .attr("from", sender.device_jid(addressing, from.device))
        .attr(
            match addressing {
                Addressing::Pn => "sender_lid",
                Addressing::Lid => "sender_pn",
            },
            sender.jid(addressing.other()),
        )
        .attr("notify", sender.name.as_str())
        .attr("t", state.clock.now());
    for key in ["platform", "version"] {
        if let Some(value) = call.text_opt(key) {
            stanza = stanza.attr(key, value.as_ref());
        }
    }
    let action = for_device(state, action, account, device);
    let stanza = stanza
        .attr("id", call.text("id").as_ref())
        .children([action])
        .build();
    state.deliver(account, device, stanza);
}

/// An offer carries the call's key for each device; a device gets its own.
fn for_device(state: &State, action: &Node, account: AccountId, device: DeviceNumber) -> Node {
    let mut own = action.clone();
    let children = action.nodes().iter().flat_map(|child| {
        if child.tag != "destination" {
            return vec![child.clone()];
        }
        child
            .nodes_named("to")
            .filter(|to| {
                to.jid("jid")
                    .is_some_and(|jid| jid.device == device && state.resolve(&jid) == Some(account))
            })
            .flat_map(|to| to.nodes().to_vec())
            .collect()
    });
    if !action.nodes().is_empty() {
        own.content = Some(wacore_binary::NodeContent::Nodes(children.collect()));
    }
    own
}

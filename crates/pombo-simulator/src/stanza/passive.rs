//! `passive`: a device says when it is ready for its stanzas, and then fetches what has waited.

use std::sync::Arc;

use wacore_binary::Node;

use super::answer::{Answer, Reply, result};
use crate::connection::Outgoing;
use crate::network::{Session, State};
use crate::node::{node, service};
use crate::phone::Errand;

/// How many waiting stanzas come unasked; the client asks for the others in batches.
const PRIMER: usize = 5;
/// How many come at a time to a client that does not say how many it wants.
const BATCH: usize = 200;

/// `<active/>`: answers, tells how much has waited, and sends the first of it.
pub(crate) fn activate(state: &mut State, from: &Session, iq: &Node) -> Answer {
    let now = state.clock.now();
    state.answer(from, result(iq, Vec::new(), now));
    let Some(device) = state.device_mut(from.account, from.device) else {
        return Ok(Reply::Sent);
    };
    device.active = true;
    device.queue.rewind();
    let backlog = device.queue.backlog();
    device.backlog_announced = backlog.count();
    let preview = node("ib")
        .attr("from", service())
        .children([node("offline_preview")
            .attr("count", backlog.count())
            .attr("message", backlog.messages)
            .attr("receipt", backlog.receipts)
            .attr("notification", backlog.notifications)
            .attr("call", backlog.calls)
            .attr("appdata", 0)
            .build()])
        .build();
    state.answer(from, preview);
    send_waiting(state, from, PRIMER);
    bootstrap(state, from);
    Ok(Reply::Sent)
}

/// `<passive/>`: the device does not want its stanzas for now.
pub(crate) fn deactivate(state: &mut State, from: &Session) -> Answer {
    if let Some(device) = state.device_mut(from.account, from.device) {
        device.active = false;
    }
    Reply::empty()
}

/// A client that has acknowledged all it was given, and does not ask for more by itself, gets the next batch all the same.
pub(crate) fn go_on(state: &mut State, from: &Session) {
    let is_idle = state
        .device(from.account, from.device)
        .is_some_and(|device| device.active && !device.backlog_done && device.queue.is_idle());
    if is_idle {
        send_waiting(state, from, BATCH);
    }
}

/// Sends the next waiting stanzas, and the end marker after the last one. Without the marker a client waits in vain.
pub(crate) fn send_waiting(state: &mut State, from: &Session, limit: usize) {
    let Some(connection) = from.connection else {
        return;
    };
    // A client that reads is not to be taken for one that does not.
    let room = state.settings.outgoing_limit.div_ceil(2);
    let Some(device) = state.device_mut(from.account, from.device) else {
        return;
    };
    if !device.active || device.backlog_done {
        return;
    }
    let batch = device.queue.next_batch(limit.min(room));
    let done = device.queue.is_drained();
    device.backlog_done = done;
    let count = device.backlog_announced;
    for stanza in batch {
        state.push(connection, Outgoing::Waited(stanza));
    }
    if done {
        let end = node("ib")
            .attr("from", service())
            .children([node("offline").attr("count", count).build()])
            .build();
        state.push(connection, Outgoing::Stanza(Arc::new(end)));
    }
}

/// Once a new companion is active and has uploaded one-time keys, its phone sends it the account's keys and history. Not earlier:
/// the client would be told that it is ready before others can write to it.
pub(crate) fn bootstrap(state: &mut State, from: &Session) {
    let Some(device) = state.device_mut(from.account, from.device) else {
        return;
    };
    if device.bootstrapped || !device.active || device.pre_keys.is_empty() {
        return;
    }
    device.bootstrapped = true;
    state.errand(from.account, Errand::CompanionReady(from.device));
}

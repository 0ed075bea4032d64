//! `<receipt>`: delivered, read, played; or please send it again.

use wacore_binary::{Jid, Node, Server};

use super::answer::Refusal;
use super::{newsletter, passive};
use crate::network::{AccountId, Addressing, DeviceNumber, Session, State};
use crate::node::{NodeExt as _, node};

/// Who a receipt is for, by its type.
enum Audience {
    /// All devices of whoever sent the message.
    Sender,
    /// The one device that is asked to send again.
    OneDevice,
    /// The other companions of the same account.
    Own,
    /// The account's own phone.
    Phone,
}

fn audience(kind: &str) -> Option<Audience> {
    Some(match kind {
        // Delivered, read, played; `inactive` is "delivered" from a device whose user is not looking.
        "" | "read" | "played" | "inactive" | "delivery" | "view" => Audience::Sender,
        "retry" | "enc_rekey_retry" => Audience::OneDevice,
        "sender" | "read-self" | "played-self" => Audience::Own,
        "peer_msg" | "hist_sync" | "server-error" => Audience::Phone,
        _ => return None,
    })
}

/// Acknowledges a receipt, takes what it confirms out of the device's queue, and passes it on.
pub(crate) fn handle(state: &mut State, from: &Session, receipt: &Node) -> Result<(), Refusal> {
    let to = receipt
        .jid("to")
        .ok_or(Refusal::Malformed("a receipt for nobody"))?;
    let id = receipt.text("id");
    if id.is_empty() {
        return Err(Refusal::Malformed("a receipt without an id"));
    }
    let kind = receipt.text("type");
    let audience = audience(&kind).ok_or(Refusal::Unknown)?;
    acknowledge(state, from, &to, receipt);
    confirm(state, from, receipt);
    if to.server == Server::Newsletter && kind == "view" {
        newsletter::seen(state, from, &to.user, receipt);
        return Ok(());
    }

    let author = match to.server {
        Server::Group | Server::Broadcast => receipt.jid("participant"),
        _ => Some(to.clone()),
    };
    let author_account = author.as_ref().and_then(|author| state.resolve(author));
    match audience {
        Audience::Sender => {
            let (Some(author), Some(account)) = (author, author_account) else {
                return Ok(());
            };
            if is_hidden(state, from, &kind, &to, account) {
                return Ok(());
            }
            for device in devices(state, account) {
                if (account, device) != (from.account, from.device) {
                    forward(state, from, receipt, &to, &author, account, device);
                }
            }
        }
        Audience::OneDevice => {
            let (Some(author), Some(account)) = (author, author_account) else {
                return Err(Refusal::Malformed("a retry receipt for nobody"));
            };
            let device = author.device;
            forward(state, from, receipt, &to, &author, account, device);
        }
        Audience::Own => {
            let own = own_jid(state, from, &to);
            for device in devices(state, from.account) {
                if device != from.device {
                    forward(state, from, receipt, &to, &own, from.account, device);
                }
            }
        }
        Audience::Phone => {
            let own = own_jid(state, from, &to);
            forward(state, from, receipt, &to, &own, from.account, 0);
        }
    }
    Ok(())
}

/// Between two people, neither of whom hides it, the sender learns that a message was read; in groups always.
fn is_hidden(state: &State, from: &Session, kind: &str, to: &Jid, author: AccountId) -> bool {
    let direct = matches!(to.server, Server::Pn | Server::Lid);
    let hides = |account| {
        state
            .account(account)
            .is_some_and(|account| account.privacy.get("readreceipts") == "none")
    };
    kind == "read" && direct && (hides(from.account) || hides(author))
}

fn devices(state: &State, account: AccountId) -> Vec<DeviceNumber> {
    state
        .account(account)
        .map(|account| account.devices.keys().copied().collect())
        .unwrap_or_default()
}

/// The speaker's own address, of the kind of `like`.
fn own_jid(state: &State, from: &Session, like: &Jid) -> Jid {
    state
        .account(from.account)
        .map(|account| account.jid(Addressing::of(like)))
        .unwrap_or_default()
}

fn acknowledge(state: &mut State, from: &Session, to: &Jid, receipt: &Node) {
    let mut ack = node("ack")
        .attr("class", "receipt")
        .attr("id", receipt.text("id").as_ref())
        .attr("from", to.clone());
    if let Some(kind) = receipt.text_opt("type") {
        ack = ack.attr("type", kind.as_ref());
    }
    if let Some(participant) = receipt.jid("participant") {
        ack = ack.attr("participant", participant);
    }
    state.answer(from, ack.build());
}

/// The messages that a receipt names have arrived.
fn confirm(state: &mut State, from: &Session, receipt: &Node) {
    let Some(device) = state.device_mut(from.account, from.device) else {
        return;
    };
    // A receipt with a call's action in it is about the call.
    let class = match receipt.nodes().first() {
        Some(action) if action.attrs.contains_key("call-id") => "call",
        _ => "message",
    };
    device.queue.acknowledge(class, receipt);
    let items = receipt.nodes_named("list").flat_map(|list| list.nodes());
    for item in items {
        let mut single = receipt.clone();
        single.attrs.insert("id", item.text("id").as_ref());
        single.content = None;
        device.queue.acknowledge("message", &single);
    }
    passive::go_on(state, from);
}

fn forward(
    state: &mut State,
    from: &Session,
    receipt: &Node,
    to: &Jid,
    addressed_as: &Jid,
    account: AccountId,
    device: DeviceNumber,
) {
    let Some(sender) = state.account(from.account) else {
        return;
    };
    // The other side learns the kind of address that it used itself.
    let sender = sender.device_jid(Addressing::of(addressed_as), from.device);
    let mut stanza = node("receipt")
        .attr("id", receipt.text("id").as_ref())
        .attr("t", state.clock.now());
    if let Some(kind) = receipt.text_opt("type") {
        stanza = stanza.attr("type", kind.as_ref());
    }
    stanza = match to.server {
        Server::Group | Server::Broadcast => {
            stanza.attr("from", to.clone()).attr("participant", sender)
        }
        _ => stanza.attr("from", sender),
    };
    if account == from.account
        && let Some(recipient) = receipt.jid("recipient")
    {
        stanza = stanza.attr("recipient", recipient);
    }
    let stanza = if receipt.nodes().is_empty() {
        stanza.build()
    } else {
        stanza.children(receipt.nodes().to_vec()).build()
    };
    state.deliver(account, device, stanza);
}

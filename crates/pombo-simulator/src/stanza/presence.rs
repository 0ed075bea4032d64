//! `<presence>`: who is looking, and the name that an account shows.

use std::collections::BTreeMap;

use wacore_binary::Node;

use super::answer::Refusal;
use crate::network::{AccountId, Addressing, DeviceNumber, Session, State};
use crate::node::{NodeExt as _, node};

/// Who wants to know about an account, and by which kind of address. Lasts as long as the subscriber's connection.
pub(crate) type Subscribers = BTreeMap<(AccountId, DeviceNumber), Addressing>;

/// Takes a presence of any type.
pub(crate) fn handle(state: &mut State, from: &Session, presence: &Node) -> Result<(), Refusal> {
    match presence.text("type").as_ref() {
        "subscribe" => subscribe(state, from, presence),
        "unsubscribe" => {
            let account = presence.jid("to").and_then(|to| state.resolve(&to));
            if let Some(account) = account.and_then(|account| state.account_mut(account)) {
                account.subscribers.remove(&(from.account, from.device));
            }
            Ok(())
        }
        "available" => {
            rename(state, from, presence);
            set_available(state, from.account, from.device, Some(true));
            Ok(())
        }
        "unavailable" => {
            rename(state, from, presence);
            set_available(state, from.account, from.device, Some(false));
            Ok(())
        }
        "" => {
            // Baileys sends one without a name, too: as long as it knows none. It says nothing.
            rename(state, from, presence);
            Ok(())
        }
        _ => Err(Refusal::Unknown),
    }
}

/// The name that others get with this account's messages from now on.
fn rename(state: &mut State, from: &Session, presence: &Node) {
    let name = presence.text("name");
    if !name.is_empty()
        && let Some(account) = state.account_mut(from.account)
    {
        account.name = name.into_owned();
    }
}

/// The present state is told at once; changes follow.
fn subscribe(state: &mut State, from: &Session, presence: &Node) -> Result<(), Refusal> {
    let to = presence
        .jid("to")
        .ok_or(Refusal::Malformed("a subscription to nobody"))?;
    let Some(account) = state.resolve(&to) else {
        return Ok(());
    };
    if !state.trusts(account, from.account, presence) {
        // Strangers are told nothing, not even that.
        return Ok(());
    }
    state.acquaint(from.account, account);
    let addressing = Addressing::of(&to);
    if let Some(account) = state.account_mut(account) {
        account
            .subscribers
            .insert((from.account, from.device), addressing);
    }
    tell(state, account, (from.account, from.device), addressing);
    Ok(())
}

/// A device says whether its user is looking, or is gone (`None`). Subscribers learn of it when that changes the account.
pub(crate) fn set_available(
    state: &mut State,
    id: AccountId,
    number: DeviceNumber,
    available: Option<bool>,
) {
    let now = state.clock.now();
    let Some(account) = state.account_mut(id) else {
        return;
    };
    let before = account.is_available();
    if let Some(device) = account.devices.get_mut(&number) {
        device.available = available;
    }
    let after = account.is_available();
    if before && !after {
        account.last_seen = Some(now);
    }
    if before == after {
        return;
    }
    let subscribers = account.subscribers.clone();
    for (subscriber, addressing) in subscribers {
        tell(state, id, subscriber, addressing);
    }
}

/// The device's subscriptions end with its connection.
pub(crate) fn forget_subscriber(state: &mut State, subscriber: (AccountId, DeviceNumber)) {
    for account in state.accounts.values_mut() {
        account.subscribers.remove(&subscriber);
    }
}

fn tell(
    state: &mut State,
    about: AccountId,
    (account, device): (AccountId, DeviceNumber),
    addressing: Addressing,
) {
    let Some(known) = state.account(about) else {
        return;
    };
    let mut presence = node("presence").attr("from", known.jid(addressing));
    // Whoever hides something does not get to see it in others.
    let shown =
        |category| state.shows(about, account, category) && state.shows(account, about, category);
    if !known.is_available() || !shown("online") {
        presence = presence.attr("type", "unavailable");
        presence = match known.last_seen {
            _ if !shown("last") => presence.attr("last", "deny"),
            Some(last_seen) => presence.attr("last", last_seen),
            None => presence,
        };
    }
    state.deliver_if_online(account, device, presence.build());
}

//! What others get to know when an account's list of devices changes.

use wacore_binary::Node;

use super::usync::key_index_list;
use crate::network::{AccountId, Addressing, DeviceNumber, State};
use crate::node::node;

/// A companion was linked: everybody who may write to the account learns of it, and so do its other companions.
pub(crate) fn announce_added(state: &mut State, account: AccountId, added: DeviceNumber) {
    announce(state, account, added, "add");
}

/// A companion is gone.
pub(crate) fn announce_removed(state: &mut State, account: AccountId, removed: DeviceNumber) {
    announce(state, account, removed, "remove");
}

fn announce(state: &mut State, id: AccountId, number: DeviceNumber, change: &'static str) {
    let now = state.clock.now();
    let Some(account) = state.account(id) else {
        return;
    };
    let key_index = account.devices.get(&number).map(|device| device.key_index);
    let mut device = node("device")
        .attr("jid", account.device_jid(Addressing::Pn, number))
        .attr("lid", account.device_jid(Addressing::Lid, number));
    if let Some(key_index) = key_index {
        device = device.attr("key-index", key_index);
    }
    let change = node(change)
        .children([device.build(), key_index_list(account)])
        .build();
    let (pn, lid) = (account.jid(Addressing::Pn), account.jid(Addressing::Lid));
    let own = own_devices(state, id);
    for other in state.acquaintances(id) {
        let notification = node("notification")
            .attr("from", pn.clone())
            .attr("lid", lid.clone())
            .attr("type", "devices")
            .attr("id", state.stanza_id())
            .attr("t", now)
            .children([change.clone()])
            .build();
        state.deliver_to_companions(other, None, notification);
    }
    if let Some(own) = own {
        let notification = node("notification")
            .attr("from", pn)
            .attr("type", "account_sync")
            .attr("id", state.stanza_id())
            .attr("t", now)
            .children([own])
            .build();
        state.deliver_to_companions(id, Some(number), notification);
    }
}

/// The account's own list, as its companions get it.
fn own_devices(state: &State, id: AccountId) -> Option<Node> {
    let account = state.account(id)?;
    let listed: Vec<_> = account
        .devices
        .values()
        .filter(|device| device.is_listed())
        .collect();
    let addresses: Vec<_> = listed
        .iter()
        .map(|device| account.device_jid(Addressing::Pn, device.number))
        .collect();
    let hash = wacore::messages::MessageUtils::participant_list_hash(&addresses).ok()?;
    let mut children: Vec<Node> = listed
        .iter()
        .zip(addresses)
        .map(|(device, jid)| {
            let entry = node("device").attr("jid", jid);
            if device.number == 0 {
                entry.build()
            } else {
                entry.attr("key-index", device.key_index).build()
            }
        })
        .collect();
    children.push(key_index_list(account));
    Some(
        node("devices")
            .attr("dhash", hash)
            .children(children)
            .build(),
    )
}

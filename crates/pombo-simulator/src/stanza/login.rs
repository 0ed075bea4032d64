//! The beginning and the end of a connection.

use waproto::whatsapp as wa;

use super::{pair_device, presence};
use crate::connection::{Outgoing, Peer, Role};
use crate::network::{AccountId, Addressing, ConnectionId, DeviceNumber, Session, State};
use crate::node::node;

/// The handshake is done: a client that has a number logs in, one that has none wants to be linked.
pub(crate) fn open(state: &mut State, id: ConnectionId, payload: wa::ClientPayload) {
    let Some(user) = payload.username else {
        pair_device::offer(state, id, payload);
        return;
    };
    let number = payload.device.unwrap_or(0);
    let account = state.directory.get(&user.to_string()).copied();
    let session = DeviceNumber::try_from(number)
        .ok()
        .filter(|number| *number != 0)
        .zip(account)
        .map(|(device, account)| Session {
            account,
            device,
            connection: Some(id),
        });
    match session {
        Some(session) if is_known(state, id, &session) => succeed(state, id, session),
        _ => fail(state, id),
    }
}

/// Only the device whose key was stored at its pairing may log in.
fn is_known(state: &State, id: ConnectionId, session: &Session) -> bool {
    let key = state.connections.get(&id).map(|known| known.client_key);
    let device = state.device(session.account, session.device);
    device.is_some_and(|device| device.is_listed() && Some(device.noise_key) == key)
}

fn fail(state: &mut State, id: ConnectionId) {
    let failure = node("failure")
        .attr("reason", 401)
        .attr("location", "sim")
        .build();
    state.push(id, Outgoing::Stanza(failure.into()));
    state.push(id, Outgoing::Close);
}

fn succeed(state: &mut State, id: ConnectionId, session: Session) {
    let now = state.clock.now();
    let Some(account) = state.accounts.get_mut(&session.account) else {
        return;
    };
    let lid = account.device_jid(Addressing::Lid, session.device);
    let Some(device) = account.devices.get_mut(&session.device) else {
        return;
    };
    let replaced = device.connection.replace(id);
    device.active = false;
    device.backlog_done = false;
    device.queue.rewind();
    let success = node("success")
        .attr("t", now)
        .attr("props", 27)
        .attr(
            "companion_enc_static",
            companion_enc_static(session.account),
        )
        .attr("lid", lid)
        .attr("display_name", account.name.as_str())
        .attr("abprops", 1)
        .attr("group_abprops", 1)
        .attr("location", "sim")
        .attr("creation", account.devices_changed_at)
        .build();
    let peer = Peer {
        phone_number: account.phone_number.clone(),
        device: session.device,
    };
    if let Some(connection) = state.connections.get_mut(&id) {
        connection.role = Role::Companion(session);
        connection.outbox.set_peer(peer);
    }
    state.push(id, Outgoing::Stanza(success.into()));
    if let Some(old) = replaced {
        let conflict = node("stream:error")
            .children([node("conflict").attr("type", "replaced").build()])
            .build();
        state.push(old, Outgoing::Stanza(conflict.into()));
        state.push(old, Outgoing::Close);
    }
}

/// A key that clients keep for later and do not use.
fn companion_enc_static(account: AccountId) -> String {
    use base64::Engine as _;
    let mut key = [0; 32];
    key[..4].copy_from_slice(&account.0.to_be_bytes());
    base64::engine::general_purpose::STANDARD.encode(key)
}

/// The connection is over. The device is offline only if no newer connection has taken over.
pub(crate) fn closed(state: &mut State, id: ConnectionId) {
    let Some(connection) = state.connections.remove(&id) else {
        return;
    };
    match connection.role {
        Role::Companion(session) => {
            let Some(device) = state.device_mut(session.account, session.device) else {
                return;
            };
            if device.connection == Some(id) {
                device.connection = None;
                device.active = false;
                device.queue.rewind();
                presence::set_available(state, session.account, session.device, None);
                presence::forget_subscriber(state, (session.account, session.device));
            }
        }
        Role::Registering(registration) => {
            state.link_codes.forget(id);
            pair_device::abandon(state, &registration);
        }
        Role::Refused => {}
    }
}

/// Ends the connection of a device with a stream error: `<stream:error code>` and, for a conflict, its kind.
pub(crate) fn end(state: &mut State, session: &Session, code: u16, conflict: Option<&'static str>) {
    let Some(connection) = state
        .device(session.account, session.device)
        .and_then(|device| device.connection)
        .or(session.connection)
    else {
        return;
    };
    let error = node("stream:error").attr("code", code);
    let error = match conflict {
        Some(kind) => error.children([node("conflict").attr("type", kind).build()]),
        None => error,
    };
    state.push(connection, Outgoing::Stanza(error.build().into()));
    state.push(connection, Outgoing::Close);
}

//! Pairing: a client shows QR codes, a phone scans one, and the client becomes a companion of the phone's account.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use wacore_binary::Node;
use waproto::whatsapp as wa;

use super::answer::Refusal;
use super::devices;
use super::passkey::{self, Ceremony};
use crate::connection::{Outgoing, Role};
use crate::network::device::SignedPreKey;
use crate::network::{AccountId, Addressing, ConnectionId, Device, DeviceNumber, State};
use crate::node::{NodeExt as _, node, number, service};

/// A client that wants to be linked.
#[derive(Debug)]
pub(crate) struct Registration {
    pub(crate) payload: wa::ClientPayload,
    /// The part of the QR codes that is ours, and until when (milliseconds) each is valid.
    references: Vec<(String, u64)>,
    /// The phone has agreed; the client has still to confirm.
    pairing: Option<Pairing>,
    /// The client has still to show the account's passkey.
    pub(super) passkey: Option<Ceremony>,
}

#[derive(Debug)]
struct Pairing {
    account: AccountId,
    device: DeviceNumber,
    request: String,
}

/// Why a QR code cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PairingError {
    /// It is not what a WhatsApp client shows.
    #[error("this is not the QR code of a WhatsApp client: {0}")]
    NotAQrCode(&'static str),
    /// No connected client shows it.
    #[error("no client that is connected shows this QR code")]
    Unknown,
    /// Its time is over; the client shows a newer one.
    #[error("the code has expired")]
    Expired,
    /// The client is being linked already.
    #[error("the client has been linked already")]
    Used,
    /// There is no such account.
    #[error("there is no account with this number")]
    NoAccount,
    /// Nobody waits for a code with this number.
    #[error("no client waits for the code of this number")]
    NoCodeRequested,
    /// The client gets to know that the code is wrong.
    #[error("this is not the code that the client shows")]
    WrongCode,
    /// A passkey guards the account: the client was asked for it, and is linked after that.
    #[error("a passkey guards this account; the client was asked for it")]
    PasskeyWanted,
    /// The client left out something that a registration needs.
    #[error("the client's registration lacks {0}")]
    Incomplete(&'static str),
}

/// Sends the QR references to a client that has no account, and closes the connection when the last one has expired.
pub(crate) fn offer(state: &mut State, id: ConnectionId, payload: wa::ClientPayload) {
    let lifetimes = state.settings.qr_lifetimes.clone();
    let mut until = state.clock.now_ms();
    let mut references = Vec::new();
    for lifetime in &lifetimes {
        until += u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX);
        let random: [u8; 60] = state.random.bytes();
        references.push((format!("2@{}", STANDARD.encode(random)), until));
    }
    let stanza = node("iq")
        .attr("from", service())
        .attr("type", "set")
        .attr("id", state.stanza_id())
        .attr("xmlns", "md")
        .children([node("pair-device")
            .children(
                references
                    .iter()
                    .map(|(reference, _)| node("ref").bytes(reference.as_bytes().to_vec()).build()),
            )
            .build()])
        .build();
    if let Some(connection) = state.connections.get_mut(&id) {
        connection.role = Role::Registering(Box::new(Registration {
            payload,
            references,
            pairing: None,
            passkey: None,
        }));
    }
    state.push(id, Outgoing::Stanza(stanza.into()));
    let lifetime: Duration = lifetimes.iter().sum();
    state.later(move |network| {
        let expiry = Arc::clone(network);
        network.spawn(async move {
            expiry.clock.sleep(lifetime).await;
            expiry.with(|state| expire(state, id));
        });
    });
}

/// Nobody has scanned: the connection ends, unless a pairing is under way.
fn expire(state: &mut State, id: ConnectionId) {
    let Some(Role::Registering(registration)) = state.connections.get(&id).map(|c| &c.role) else {
        return;
    };
    let under_way = registration.pairing.is_some() || registration.passkey.is_some();
    if !under_way && !state.link_codes.is_waiting(id) {
        state.push(id, Outgoing::Close);
    }
}

/// What a QR code says.
struct QrCode {
    reference: String,
    identity: [u8; 32],
    secret: Vec<u8>,
}

impl QrCode {
    /// `ref,noise key,identity key,ADV secret[,...]`; newer clients put a URL that ends in `#` in front.
    fn parse(text: &str) -> Result<Self, PairingError> {
        let text = text.trim();
        let body = text.rsplit_once('#').map_or(text, |(_, body)| body);
        let mut parts = body.split(',');
        let reference = parts.next().unwrap_or_default().to_owned();
        let mut key = |what| {
            let part = parts.next().ok_or(PairingError::NotAQrCode(what))?;
            STANDARD
                .decode(part)
                .map_err(|_| PairingError::NotAQrCode(what))
        };
        key("noise key")?;
        let identity = key("identity key")?
            .try_into()
            .map_err(|_| PairingError::NotAQrCode("identity key"))?;
        let secret = key("secret")?;
        Ok(Self {
            reference,
            identity,
            secret,
        })
    }
}

/// The connection that shows a QR code, and the name that its client was given.
pub(crate) fn find(
    state: &State,
    qr: &str,
) -> Result<(ConnectionId, Option<String>), PairingError> {
    let qr = QrCode::parse(qr)?;
    let now = state.clock.now_ms();
    for (id, connection) in &state.connections {
        let Role::Registering(registration) = &connection.role else {
            continue;
        };
        let shown = registration
            .references
            .iter()
            .find(|(reference, _)| *reference == qr.reference);
        if let Some((_, until)) = shown {
            if registration.pairing.is_some() {
                return Err(PairingError::Used);
            }
            if now >= *until {
                return Err(PairingError::Expired);
            }
            let name = registration.payload.push_name.as_ref();
            let name = name
                .filter(|name| !name.is_empty())
                .map(ToString::to_string);
            return Ok((*id, name));
        }
    }
    Err(PairingError::Unknown)
}

/// The account's phone scans a QR code.
pub(crate) fn scan(
    state: &mut State,
    account: AccountId,
    qr: &str,
) -> Result<DeviceNumber, PairingError> {
    let (connection, _) = find(state, qr)?;
    let qr = QrCode::parse(qr)?;
    passkey::gate(state, connection, account)?;
    link(state, connection, account, qr.identity, &qr.secret)
}

/// The phone accepts the companion: signs it, registers it, and tells it so.
pub(crate) fn link(
    state: &mut State,
    id: ConnectionId,
    account_id: AccountId,
    identity: [u8; 32],
    secret: &[u8],
) -> Result<DeviceNumber, PairingError> {
    let now = state.clock.now();
    let request = state.stanza_id();
    let connection = state
        .connections
        .get_mut(&id)
        .ok_or(PairingError::Unknown)?;
    let client_key = connection.client_key;
    let Role::Registering(registration) = &mut connection.role else {
        return Err(PairingError::Used);
    };
    let account = state
        .accounts
        .get_mut(&account_id)
        .ok_or(PairingError::NoAccount)?;
    let number = account.next_device;
    let mut device = registered_device(&registration.payload)?;
    device.number = number;
    device.key_index = u32::from(number);
    device.identity = identity;
    device.noise_key = client_key;
    let signed = account.identity.sign_companion(
        &mut state.random,
        &identity,
        secret,
        device.key_index,
        now,
    );
    account.next_device += 1;
    account.devices.insert(number, device);
    let stanza = node("iq")
        .attr("from", service())
        .attr("type", "set")
        .attr("id", request.as_str())
        .attr("xmlns", "md")
        .attr("t", now)
        .children([node("pair-success")
            .children([
                node("device-identity").bytes(signed).build(),
                node("device")
                    .attr("jid", account.device_jid(Addressing::Pn, number))
                    .attr("lid", account.device_jid(Addressing::Lid, number))
                    .build(),
                node("platform").attr("name", "android").build(),
            ])
            .build()])
        .build();
    registration.pairing = Some(Pairing {
        account: account_id,
        device: number,
        request,
    });
    state.push(id, Outgoing::Stanza(stanza.into()));
    Ok(number)
}

/// What the client's registration says about its keys.
fn registered_device(payload: &wa::ClientPayload) -> Result<Device, PairingError> {
    let data = payload
        .device_pairing_data
        .as_option()
        .ok_or(PairingError::Incomplete("its keys"))?;
    let public = data.e_skey_val.as_deref().unwrap_or_default();
    Ok(Device {
        registration_id: number(data.e_regid.as_deref().unwrap_or_default()),
        signed_pre_key: Some(SignedPreKey {
            id: number(data.e_skey_id.as_deref().unwrap_or_default()),
            public: public
                .try_into()
                .map_err(|_| PairingError::Incomplete("a signed pre-key"))?,
            signature: data.e_skey_sig.as_deref().unwrap_or_default().to_vec(),
        }),
        ..Device::default()
    })
}

/// The client's answer to a `<pair-device>` or `<pair-success>` of ours.
pub(crate) fn confirm(state: &mut State, id: ConnectionId, answer: &Node) -> Result<(), Refusal> {
    let Some(connection) = state.connections.get_mut(&id) else {
        return Ok(());
    };
    let Role::Registering(registration) = &mut connection.role else {
        return Ok(());
    };
    let Some(pairing) = registration
        .pairing
        .take_if(|pairing| pairing.request == answer.text("id"))
    else {
        return Ok(());
    };
    let signed = answer
        .child("pair-device-sign")
        .and_then(|sign| sign.child("device-identity"))
        .map(|identity| identity.body().to_vec());
    let Some(account) = state.accounts.get_mut(&pairing.account) else {
        return Ok(());
    };
    let valid = signed.filter(|signed| {
        let identity = account
            .devices
            .get(&pairing.device)
            .map(|device| device.identity);
        identity.is_some_and(|identity| account.identity.accepts_companion(&identity, signed))
    });
    let Some(signed) = valid else {
        account.devices.remove(&pairing.device);
        state.push(id, Outgoing::Close);
        return Err(Refusal::Malformed(
            "the client refused the pairing, or its signature is wrong",
        ));
    };
    if let Some(device) = account.devices.get_mut(&pairing.device) {
        device.signed_identity = Some(signed);
    }
    account.devices_changed_at = state.clock.now();
    connection.role = Role::Refused;
    state.link_codes.forget(id);
    devices::announce_added(state, pairing.account, pairing.device);
    restart(state, id);
    Ok(())
}

/// The client has gone before it confirmed: it is no companion.
pub(crate) fn abandon(state: &mut State, registration: &Registration) {
    if let Some(pairing) = &registration.pairing
        && let Some(account) = state.account_mut(pairing.account)
    {
        account.devices.remove(&pairing.device);
    }
}

/// 515: the client has to log in with its new address.
fn restart(state: &mut State, id: ConnectionId) {
    let delay = state.settings.restart_delay;
    state.later(move |network| {
        let later = Arc::clone(network);
        network.spawn(async move {
            tokio::time::sleep(delay).await;
            later.with(|state| {
                let error = node("stream:error").attr("code", 515).build();
                state.push(id, Outgoing::Stanza(error.into()));
                state.push(id, Outgoing::Close);
            });
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_qr_code_is_named() {
        assert_eq!(
            QrCode::parse("hello").err(),
            Some(PairingError::NotAQrCode("noise key"))
        );
        assert_eq!(
            QrCode::parse("2@x,AAAA,AAAA,AAAA").err(),
            Some(PairingError::NotAQrCode("identity key"))
        );
    }

    #[test]
    fn a_url_in_front_of_the_code_is_ignored() {
        let key = STANDARD.encode([7; 32]);
        let qr = QrCode::parse(&format!(
            "https://wa.me/settings/linked_devices#2@x,{key},{key},{key},2"
        ))
        .expect("a QR code");
        assert_eq!(qr.reference, "2@x");
        assert_eq!(qr.identity, [7; 32]);
    }
}

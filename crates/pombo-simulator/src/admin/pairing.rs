//! Linking a client to an account.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::body::{Body, Part, Text};
use super::error::AdminError;
use crate::network::{DeviceNumber, Network};
use crate::stanza::{link_code, pair_device};

/// What came of it. Once this is answered, `pair-success` is on its way to the client.
#[derive(Debug, Serialize)]
pub(super) struct Linked {
    number: String,
    lid: String,
    name: String,
    device: DeviceNumber,
}

/// `POST /admin/mock-phone/scan-qr`: a phone scans the QR code in the body, which is plain text.
///
/// The account is the one that has the client's own push name; without such an account, or such a name, a new one. Its phone
/// is passive: it sends no receipts and reads nothing, so that what the client under test does is all that happens.
pub(super) async fn scan_for_anybody(
    State(network): State<Arc<Network>>,
    Text(qr): Text,
) -> Result<Json<Linked>, AdminError> {
    network.with(|state| {
        let (_, name) = pair_device::find(state, &qr)?;
        let known = name.as_ref().and_then(|name| {
            let mut accounts = state.accounts.values();
            accounts
                .find(|account| account.name == *name)
                .map(|account| account.id)
        });
        let account = match known {
            Some(account) => account,
            None => {
                let number = state.unused_number();
                let name = name.unwrap_or_else(|| format!("User {}", state.accounts.len() + 1));
                state.add_account(&number, &name)
            }
        };
        let device = pair_device::scan(state, account, &qr)?;
        linked(state, account, device)
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scan {
    qr: String,
}

/// `POST /admin/accounts/{number}/scan-qr`: the phone of this account scans it.
pub(super) async fn scan(
    State(network): State<Arc<Network>>,
    Part(number): Part<String>,
    Body(scan): Body<Scan>,
) -> Result<Json<Linked>, AdminError> {
    network.with(|state| {
        let account = state
            .account_of(&number)
            .ok_or_else(|| AdminError::no_account(&number))?
            .id;
        let device = pair_device::scan(state, account, &scan.qr)?;
        linked(state, account, device)
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TypeCode {
    code: String,
}

/// `POST /admin/accounts/{number}/type-code`: the user types the code that a client shows into the phone of this account.
/// Whether it was the right one shows when the client is linked.
pub(super) async fn type_code(
    State(network): State<Arc<Network>>,
    Part(number): Part<String>,
    Body(typed): Body<TypeCode>,
) -> Result<StatusCode, AdminError> {
    link_code::type_code(&network, &number, &typed.code).await?;
    Ok(StatusCode::ACCEPTED)
}

fn linked(
    state: &crate::network::State,
    account: crate::network::AccountId,
    device: DeviceNumber,
) -> Result<Json<Linked>, AdminError> {
    let account = state
        .account(account)
        .ok_or_else(|| AdminError::not_found("the account is gone"))?;
    Ok(Json(Linked {
        number: account.phone_number.clone(),
        lid: account.lid.clone(),
        name: account.name.clone(),
        device,
    }))
}

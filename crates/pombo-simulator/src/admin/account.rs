//! Accounts and their devices.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::body::{Body, Part};
use super::error::AdminError;
use crate::network::account::Account;
use crate::network::{self, DeviceNumber, Network, Session};
use crate::stanza::{companion, login};

/// An account, as it is shown.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AccountView {
    number: String,
    lid: String,
    name: String,
    about: String,
    devices: Vec<DeviceView>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DeviceView {
    device: DeviceNumber,
    /// Its client confirmed the pairing.
    linked: bool,
    connected: bool,
    /// It has asked for its stanzas.
    active: bool,
    available: bool,
    /// Stanzas that it has not acknowledged.
    queued: usize,
    pre_keys: usize,
}

impl AccountView {
    pub(super) fn of(account: &Account) -> Self {
        Self {
            number: account.phone_number.clone(),
            lid: account.lid.clone(),
            name: account.name.clone(),
            about: account.about.clone(),
            devices: account
                .companions()
                .map(|device| DeviceView {
                    device: device.number,
                    linked: device.is_listed(),
                    connected: device.connection.is_some(),
                    active: device.active,
                    available: device.available.unwrap_or_default(),
                    queued: device.queue.len(),
                    pre_keys: device.pre_keys.len(),
                })
                .collect(),
        }
    }
}

/// `GET /admin/accounts`.
pub(super) async fn list(State(network): State<Arc<Network>>) -> Json<Vec<AccountView>> {
    Json(network.with(|state| state.accounts.values().map(AccountView::of).collect()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    number: Option<String>,
    #[serde(default)]
    name: String,
}

/// `POST /admin/accounts`: a new account with a phone.
pub(super) async fn create(
    State(network): State<Arc<Network>>,
    Body(create): Body<Create>,
) -> Result<(StatusCode, Json<AccountView>), AdminError> {
    if let Some(number) = &create.number {
        let digits = number.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || !(5..=15).contains(&number.len()) || number.starts_with('0') {
            return Err(AdminError::bad_request(
                "`number` must be 5 to 15 digits with the country code first, without `+`",
            ));
        }
    }
    network.with(|state| {
        let number = match create.number {
            Some(number) if state.account_of(&number).is_some() => {
                return Err(AdminError::conflict(format!(
                    "the number {number} has an account already"
                )));
            }
            Some(number) => number,
            None => state.unused_number(),
        };
        let id = state.add_account(&number, &create.name);
        let account = state
            .account(id)
            .ok_or_else(|| AdminError::no_account(&number))?;
        Ok((StatusCode::CREATED, Json(AccountView::of(account))))
    })
}

/// `GET /admin/accounts/{number}`.
pub(super) async fn show(
    State(network): State<Arc<Network>>,
    Part(number): Part<String>,
) -> Result<Json<AccountView>, AdminError> {
    network.with(|state| {
        let account = state
            .account_of(&number)
            .ok_or_else(|| AdminError::no_account(&number))?;
        Ok(Json(AccountView::of(account)))
    })
}

/// `DELETE /admin/accounts/{number}`: the account is closed; its companions are logged out.
pub(super) async fn delete(
    State(network): State<Arc<Network>>,
    Part(number): Part<String>,
) -> Result<StatusCode, AdminError> {
    network.with(|state| {
        let id = state
            .account_of(&number)
            .ok_or_else(|| AdminError::no_account(&number))?
            .id;
        for device in state.companion_numbers(id) {
            companion::unlink(state, id, device);
        }
        state.remove_account(id);
        Ok(StatusCode::NO_CONTENT)
    })
}

/// The companion of that number.
fn session(
    state: &network::State,
    number: &str,
    device: DeviceNumber,
) -> Result<Session, AdminError> {
    let account = state
        .account_of(number)
        .ok_or_else(|| AdminError::no_account(number))?;
    if device == 0 || !account.devices.contains_key(&device) {
        let missing = format!("the account {number} has no companion {device}");
        return Err(AdminError::not_found(missing));
    }
    Ok(Session {
        account: account.id,
        device,
        connection: None,
    })
}

/// `DELETE /admin/accounts/{number}/devices/{device}`: the phone removes a companion, which is logged out.
pub(super) async fn unlink(
    State(network): State<Arc<Network>>,
    Part((number, device)): Part<(String, DeviceNumber)>,
) -> Result<StatusCode, AdminError> {
    network.with(|state| {
        let session = session(state, &number, device)?;
        companion::unlink(state, session.account, device);
        Ok(StatusCode::NO_CONTENT)
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    code: u16,
    conflict: Option<Conflict>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Conflict {
    Replaced,
    DeviceRemoved,
}

/// `POST /admin/accounts/{number}/devices/{device}/end`: ends its connection now, with a stream error.
pub(super) async fn end(
    State(network): State<Arc<Network>>,
    Part((number, device)): Part<(String, DeviceNumber)>,
    Body(end): Body<End>,
) -> Result<StatusCode, AdminError> {
    let conflict = end.conflict.map(|conflict| match conflict {
        Conflict::Replaced => "replaced",
        Conflict::DeviceRemoved => "device_removed",
    });
    network.with(|state| {
        let session = session(state, &number, device)?;
        if state
            .device(session.account, device)
            .is_none_or(|device| device.connection.is_none())
        {
            return Err(AdminError::conflict("the companion is not connected"));
        }
        login::end(state, &session, end.code, conflict);
        Ok(StatusCode::NO_CONTENT)
    })
}

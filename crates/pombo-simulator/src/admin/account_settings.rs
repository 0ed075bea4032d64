//! What is set about an account, or for all clients, that no phone and no client does.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;

use super::body::{Body, Part};
use super::error::AdminError;
use crate::network::Network;
use crate::network::account::Account;
use crate::network::business::Business;

/// Does something with an account.
fn with<T>(
    network: &Arc<Network>,
    number: &str,
    change: impl FnOnce(&mut Account) -> T,
) -> Result<T, AdminError> {
    network.with(|state| {
        let id = state.account_of(number).map(|account| account.id);
        let account = id.and_then(|id| state.account_mut(id));
        account
            .map(change)
            .ok_or_else(|| AdminError::no_account(number))
    })
}

/// `GET /admin/accounts/{number}/business`: what an account shows as a business, or `null`.
pub(super) async fn business(
    State(network): State<Arc<Network>>,
    Part(number): Part<String>,
) -> Result<Json<Option<Business>>, AdminError> {
    with(&network, &number, |account| Json(account.business.clone()))
}

/// `PUT /admin/accounts/{number}/business`: makes it a business, or changes what it shows.
pub(super) async fn set_business(
    State(network): State<Arc<Network>>,
    Part(number): Part<String>,
    Body(business): Body<Business>,
) -> Result<StatusCode, AdminError> {
    with(&network, &number, |account| {
        account.business = Some(business);
        StatusCode::NO_CONTENT
    })
}

/// `DELETE /admin/accounts/{number}/business`: makes it an ordinary account.
pub(super) async fn end_business(
    State(network): State<Arc<Network>>,
    Part(number): Part<String>,
) -> Result<StatusCode, AdminError> {
    with(&network, &number, |account| {
        account.business = None;
        StatusCode::NO_CONTENT
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Contact {
    number: String,
}

/// `POST /admin/accounts/{number}/address-book`: what is shown to contacts is shown to that one.
pub(super) async fn add_contact(
    State(network): State<Arc<Network>>,
    Part(number): Part<String>,
    Body(contact): Body<Contact>,
) -> Result<StatusCode, AdminError> {
    let known = network.with(|state| {
        let contact = state.account_of(&contact.number);
        contact.map(|contact| contact.id)
    });
    let known = known.ok_or_else(|| AdminError::no_account(&contact.number))?;
    with(&network, &number, |account| {
        account.address_book.insert(known);
        StatusCode::NO_CONTENT
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tokens {
    required: bool,
}

/// `PUT /admin/accounts/{number}/tokens`: whether strangers reach the account only with a token that it gave them.
pub(super) async fn set_tokens(
    State(network): State<Arc<Network>>,
    Part(number): Part<String>,
    Body(tokens): Body<Tokens>,
) -> Result<StatusCode, AdminError> {
    with(&network, &number, |account| {
        account.privacy.token_required = tokens.required;
        StatusCode::NO_CONTENT
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Prop {
    value: String,
}

/// `PUT /admin/network/props/{code}`: an experiment switch that clients get at their next login.
pub(super) async fn set_prop(
    State(network): State<Arc<Network>>,
    Part(code): Part<u32>,
    Body(prop): Body<Prop>,
) -> StatusCode {
    network.with(|state| state.props.insert(code, prop.value));
    StatusCode::NO_CONTENT
}

/// `DELETE /admin/network/props/{code}`
pub(super) async fn remove_prop(
    State(network): State<Arc<Network>>,
    Part(code): Part<u32>,
) -> StatusCode {
    network.with(|state| state.props.remove(&code));
    StatusCode::NO_CONTENT
}

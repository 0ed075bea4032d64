//! Virtual phones: what their users do, and what they see. One file per kind of thing to do.

pub(super) mod act;
pub(super) mod call;
pub(super) mod content;
pub(super) mod group;
pub(super) mod screen;
pub(super) mod send;
pub(super) mod settings;
pub(super) mod switch;

use std::sync::Arc;

use http::StatusCode;

use super::error::AdminError;
use crate::network::Network;
use crate::phone::{PhoneError, VirtualPhone};

/// The phone of that number.
fn phone(network: &Arc<Network>, number: &str) -> Result<VirtualPhone, AdminError> {
    let account = network.with(|state| state.account_of(number).map(|account| account.id));
    account
        .and_then(|account| VirtualPhone::of(network, account))
        .ok_or_else(|| AdminError::no_account(number))
}

/// Nothing to answer.
type Done = Result<StatusCode, AdminError>;

const DONE: Done = Ok(StatusCode::NO_CONTENT);

impl From<PhoneError> for AdminError {
    fn from(error: PhoneError) -> Self {
        let status = match error {
            PhoneError::Pairing(error) => return error.into(),
            PhoneError::NotAnAddress(_) => StatusCode::BAD_REQUEST,
            PhoneError::Unknown(_)
            | PhoneError::NoMessage { .. }
            | PhoneError::NoCall(_)
            | PhoneError::NoFile => StatusCode::NOT_FOUND,
            PhoneError::FileGone(_) => StatusCode::GONE,
            PhoneError::Offline | PhoneError::NoSecret(_) => StatusCode::CONFLICT,
            PhoneError::Refused { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            PhoneError::TimedOut(_) => StatusCode::REQUEST_TIMEOUT,
            PhoneError::NoAnswer | PhoneError::DamagedFile | PhoneError::Encryption(_) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        Self::new(status, error.to_string())
    }
}

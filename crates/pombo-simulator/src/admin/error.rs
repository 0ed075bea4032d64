//! What a request is told that cannot be fulfilled.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

use crate::simulator::PairingError;

/// A refusal: a status and one sentence. In JSON `{"error": {"status": 404, "message": "..."}}`.
#[derive(Debug)]
pub(super) struct AdminError {
    status: StatusCode,
    message: String,
}

impl AdminError {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    pub(super) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, message)
    }

    pub(super) fn no_account(number: &str) -> Self {
        Self::not_found(format!("there is no account with the number {number}"))
    }
}

impl IntoResponse for AdminError {
    fn into_response(self) -> Response {
        let error = json!({"error": {"status": self.status.as_u16(), "message": self.message}});
        (self.status, Json(error)).into_response()
    }
}

impl From<PairingError> for AdminError {
    fn from(error: PairingError) -> Self {
        let status = match &error {
            PairingError::NotAQrCode(_) | PairingError::WrongCode => StatusCode::BAD_REQUEST,
            PairingError::Unknown | PairingError::NoAccount | PairingError::NoCodeRequested => {
                StatusCode::NOT_FOUND
            }
            PairingError::Expired => StatusCode::GONE,
            PairingError::Used | PairingError::PasskeyWanted => StatusCode::CONFLICT,
            PairingError::Incomplete(_) => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self::new(status, error.to_string())
    }
}

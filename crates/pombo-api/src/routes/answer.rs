//! Answers that several groups of routes give.

use http::StatusCode;
use pombo_core::SendError;
use pombo_domain::channel::ChannelError;
use serde_json::{Value, json};

use crate::error::ApiError;

/// `{"update": "success"}`
pub(super) fn updated() -> Value {
    json!({"update": "success"})
}

/// A failure with what was being done: both texts, with the status of the original; what the channel cannot do at all stays a
/// 400, and so does a number that is not on WhatsApp. Nothing was done for an account that is not connected: 400 says so, where
/// clients take a 500 to mean that they have to find out.
pub(super) fn failed(status: StatusCode, context: &str, error: SendError) -> ApiError {
    match error {
        SendError::Channel(ChannelError::NotAvailable(_))
        | SendError::NotOnWhatsapp(_)
        | SendError::Store(_)
        | SendError::TooFast(_)
        | SendError::Interrupted => error.into(),
        SendError::Channel(ChannelError::NotConnected) if status.is_server_error() => {
            ApiError::listed(
                StatusCode::BAD_REQUEST,
                [context.to_owned(), error.to_string()],
            )
        }
        SendError::Channel(_) | SendError::Fetch(_) | SendError::File(_) => {
            ApiError::listed(status, [context.to_owned(), error.to_string()])
        }
    }
}

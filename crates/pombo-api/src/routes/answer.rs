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

/// A failure with what was being done: 500 with both texts, as the original answers; what the channel cannot do at all stays a
/// 400, and so does a number that is not on WhatsApp.
pub(super) fn failed(status: StatusCode, context: &str, error: SendError) -> ApiError {
    match error {
        SendError::Channel(ChannelError::NotAvailable(_))
        | SendError::NotOnWhatsapp(_)
        | SendError::Store(_)
        | SendError::TooFast(_)
        | SendError::Interrupted => error.into(),
        SendError::Channel(_) | SendError::Fetch(_) | SendError::File(_) => {
            ApiError::listed(status, [context.to_owned(), error.to_string()])
        }
    }
}

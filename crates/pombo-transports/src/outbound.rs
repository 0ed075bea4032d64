//! What the transports over HTTP have in common.

use pombo_domain::port::DeliveryError;
use pombo_net::OutboundError;

/// No answer at all. The texts of [`OutboundError`] are made to be stored: they name no path, query or header.
pub(crate) fn failed(error: &OutboundError) -> DeliveryError {
    let reason = error.to_string();
    if error.is_retryable() {
        DeliveryError::Retry {
            reason,
            status: None,
            after: None,
        }
    } else {
        DeliveryError::Permanent {
            reason,
            status: None,
        }
    }
}

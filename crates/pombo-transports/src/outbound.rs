//! What the transports over HTTP have in common.

use http::StatusCode;
use pombo_domain::port::DeliveryError;
use pombo_net::OutboundError;

/// No answer at all, from a receiver of somebody's own. The texts of [`OutboundError`] are made to be stored: they name no path,
/// query or header.
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

/// Whether a service answers that it is not there: the same would come of any event.
pub(crate) fn is_away(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT
    )
}

/// No answer at all, from a service that takes the events of many: nothing else would get through either.
pub(crate) fn unanswered(error: &OutboundError) -> DeliveryError {
    match failed(error) {
        DeliveryError::Retry { reason, .. } => DeliveryError::Unreachable { reason },
        error => error,
    }
}

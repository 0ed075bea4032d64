//! Failures of the group routes.

use http::StatusCode;
use pombo_core::SendError;
use pombo_domain::channel::ChannelError;

use crate::error::ApiError;

/// A failure with what was being done. What the network refuses has a status that says why; what went wrong on the way has the
/// route's own, as in the original.
pub(super) fn failed(status: StatusCode, context: &str, error: impl Into<SendError>) -> ApiError {
    let error = error.into();
    let status = match &error {
        SendError::Channel(ChannelError::NotAvailable(_))
        | SendError::NotOnWhatsapp(_)
        | SendError::Fetch(_)
        | SendError::File(_)
        | SendError::Store(_)
        | SendError::TooFast(_)
        | SendError::Interrupted => return error.into(),
        SendError::Channel(ChannelError::NotFound(_)) => StatusCode::NOT_FOUND,
        SendError::Channel(ChannelError::Invalid(_) | ChannelError::NotConnected) => {
            StatusCode::BAD_REQUEST
        }
        SendError::Channel(ChannelError::Refused { code, .. }) => of_refusal(*code),
        SendError::Channel(ChannelError::TimedOut(_) | ChannelError::Failed(_)) => status,
    };
    ApiError::listed(status, [context.to_owned(), error.to_string()])
}

const fn of_refusal(code: u16) -> StatusCode {
    match code {
        401 | 403 | 405 => StatusCode::FORBIDDEN,
        409 | 419 => StatusCode::CONFLICT,
        423 => StatusCode::LOCKED,
        429 => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::BAD_REQUEST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_say_why_and_the_rest_keeps_its_status() {
        let shown = |error: ChannelError| {
            let error = failed(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Error creating group",
                error,
            );
            (error.status().as_u16(), error.text())
        };
        let refused = |code| {
            shown(ChannelError::Refused {
                code,
                text: "no".to_owned(),
            })
        };
        for (code, status) in [
            (403, 403),
            (401, 403),
            (409, 409),
            (419, 409),
            (423, 423),
            (429, 429),
            (499, 400),
        ] {
            assert_eq!(
                refused(code),
                (status, "Error creating group, no".to_owned())
            );
        }
        assert_eq!(
            shown(ChannelError::NotConnected),
            (400, "Error creating group, Connection Closed".to_owned())
        );
        assert_eq!(shown(ChannelError::NotFound("gone".to_owned())).0, 404);
        assert_eq!(shown(ChannelError::TimedOut("late".to_owned())).0, 500);
        assert_eq!(
            shown(ChannelError::NotAvailable(
                pombo_domain::instance::ChannelKind::Evolution
            )),
            (400, "Method not available on Evolution Channel".to_owned())
        );
    }
}

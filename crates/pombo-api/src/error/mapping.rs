//! Which error of the inner crates is which answer: one exhaustive function per error.

use http::StatusCode;
use pombo_core::{
    ConnectError, CreateError, LogoutError, ReceiveError, ReplayError, SendError, TooFast,
};
use pombo_domain::channel::ChannelError;
use pombo_domain::instance::InvalidName;
use pombo_domain::port::InboundError;
use pombo_store::StoreError;

use super::ApiError;

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::database_unavailable(error),
            StoreError::Taken => Self::bad_request("It exists already"),
            StoreError::TooLong(_) => Self::bad_request(error.to_string()),
            StoreError::Corrupt(_) | StoreError::Other(_) => Self::internal(error),
        }
    }
}

impl From<ChannelError> for ApiError {
    fn from(error: ChannelError) -> Self {
        match error {
            // Compatible: a send that could not leave is the caller's 400.
            ChannelError::NotAvailable(_)
            | ChannelError::Invalid(_)
            | ChannelError::Refused { .. }
            | ChannelError::NotConnected => Self::bad_request(error.to_string()),
            ChannelError::NotFound(text) => Self::not_found(text),
            ChannelError::TimedOut(text) | ChannelError::Failed(text) => Self::bad_request(text),
        }
    }
}

impl From<SendError> for ApiError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Channel(error) => error.into(),
            SendError::NotOnWhatsapp(answer) => Self::bad_request_object(&*answer),
            // Compatible: a file that cannot be fetched is a 500.
            SendError::Fetch(error) => {
                Self::listed(StatusCode::INTERNAL_SERVER_ERROR, [error.to_string()])
            }
            SendError::File(error) if error.is_ours() => Self::internal(error),
            SendError::File(error) => Self::bad_request(error.to_string()),
            SendError::Store(error) => error.into(),
            SendError::TooFast(TooFast(after)) => {
                Self::listed(StatusCode::TOO_MANY_REQUESTS, [error.to_string()]).after(after)
            }
            SendError::Interrupted => {
                Self::plain(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
            }
        }
    }
}

impl From<CreateError> for ApiError {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::NameTaken(_) => Self::forbidden(error.to_string()),
            CreateError::Channel(error) => error.into(),
            CreateError::Store(error) => error.into(),
        }
    }
}

impl From<ConnectError> for ApiError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::NotAvailable(_) => Self::bad_request(error.to_string()),
            ConnectError::Channel(error) => error.into(),
            ConnectError::Store(error) => error.into(),
        }
    }
}

impl From<LogoutError> for ApiError {
    fn from(error: LogoutError) -> Self {
        match error {
            LogoutError::NotConnected(_) => Self::bad_request(error.to_string()),
            LogoutError::Channel(error) => error.into(),
            LogoutError::Store(error) => error.into(),
        }
    }
}

impl From<ReceiveError> for ApiError {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::NotAvailable(_) => Self::bad_request(error.to_string()),
            ReceiveError::Invalid(InboundError::Invalid(text)) => Self::bad_request(text),
            ReceiveError::Store(error) => error.into(),
        }
    }
}

impl From<ReplayError> for ApiError {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::NoSubscription
            | ReplayError::SubscriptionOff
            | ReplayError::TransportOff => Self::bad_request(error.to_string()),
            ReplayError::Store(error) => error.into(),
        }
    }
}

impl From<InvalidName> for ApiError {
    fn from(error: InvalidName) -> Self {
        match error {
            InvalidName::Empty => Self::invalid_text("The \"instanceName\" cannot be empty"),
            InvalidName::TooLong | InvalidName::ControlCharacter => {
                Self::invalid_text(error.to_string())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use pombo_domain::instance::{ChannelKind, InstanceName};
    use pombo_store::{Trouble, TroubleKind};

    use super::*;

    fn shown(error: impl Into<ApiError>) -> (u16, String) {
        let error = error.into();
        (error.status().as_u16(), error.text())
    }

    #[test]
    fn every_error_has_its_status_and_text() {
        let name = || InstanceName::new("a").unwrap();
        let evolution = ChannelKind::Evolution;
        let full = Trouble {
            kind: TroubleKind::Full,
            cause: "disk".to_owned(),
        };
        let rows = [
            (
                shown(StoreError::Unavailable(full)),
                503,
                "The database is not available right now",
            ),
            (shown(StoreError::Taken), 400, "It exists already"),
            (
                shown(StoreError::TooLong("token")),
                400,
                "`token` is longer than 255 characters",
            ),
            (
                shown(StoreError::Corrupt("row".into())),
                500,
                "Internal Server Error",
            ),
            (
                shown(StoreError::Other("sql".into())),
                500,
                "Internal Server Error",
            ),
            (
                shown(ChannelError::NotAvailable(evolution)),
                400,
                "Method not available on Evolution Channel",
            ),
            (
                shown(ChannelError::Invalid("Text is required".into())),
                400,
                "Text is required",
            ),
            (shown(ChannelError::NotConnected), 400, "Connection Closed"),
            (
                shown(ChannelError::Failed("timeout".into())),
                400,
                "timeout",
            ),
            (
                shown(SendError::Channel(ChannelError::NotConnected)),
                400,
                "Connection Closed",
            ),
            (
                shown(SendError::Store(StoreError::Taken)),
                400,
                "It exists already",
            ),
            (
                shown(SendError::Interrupted),
                503,
                "sending was interrupted",
            ),
            (
                shown(CreateError::NameTaken(name())),
                403,
                "This name \"a\" is already in use.",
            ),
            (
                shown(CreateError::Channel(ChannelError::Invalid(
                    "token is required".into(),
                ))),
                400,
                "token is required",
            ),
            (
                shown(CreateError::Store(StoreError::Taken)),
                400,
                "It exists already",
            ),
            (
                shown(ConnectError::NotAvailable(ChannelKind::Whatsapp)),
                400,
                "Method not available on WhatsApp Baileys",
            ),
            (
                shown(ConnectError::Store(StoreError::Taken)),
                400,
                "It exists already",
            ),
            (
                shown(LogoutError::NotConnected(name())),
                400,
                "The \"a\" instance is not connected",
            ),
            (
                shown(LogoutError::Store(StoreError::Taken)),
                400,
                "It exists already",
            ),
            (
                shown(ReceiveError::NotAvailable(evolution)),
                400,
                "this channel is not part of this build",
            ),
            (
                shown(ReceiveError::Invalid(InboundError::Invalid("no".into()))),
                400,
                "no",
            ),
            (
                shown(ReceiveError::Store(StoreError::Taken)),
                400,
                "It exists already",
            ),
            (
                shown(InvalidName::Empty),
                400,
                "The \"instanceName\" cannot be empty",
            ),
            (
                shown(InvalidName::TooLong),
                400,
                "\"instanceName\" does not meet maximum length of 255",
            ),
            (
                shown(InvalidName::ControlCharacter),
                400,
                "\"instanceName\" cannot contain control characters",
            ),
        ];
        for ((status, text), expected, wording) in rows {
            assert_eq!((status, text.as_str()), (expected, wording));
        }
    }
}

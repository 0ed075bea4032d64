//! How a request is refused: in the reference's exact form, so that every client understands it.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use serde::Serialize;

/// An Engine.IO error. Source: observed on the original (Socket.IO 4.8), `{"code":<number>,"message":..}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// 0: no transport, or none that we know.
    UnknownTransport {
        /// A plain WebSocket client knocked.
        plain_websocket: bool,
    },
    /// 1: no such session; it may have ended, or live on another server.
    UnknownSession,
    /// 2: a handshake is a GET.
    BadMethod,
    /// 3: everything else that is wrong with a request.
    BadRequest(&'static str),
    /// 4: who is it?
    Forbidden(&'static str),
    /// 5: another protocol version.
    UnsupportedVersion {
        /// A plain WebSocket client knocked.
        plain_websocket: bool,
    },
    /// 3, with 413: the body is too large.
    TooLarge,
    /// 3, with 503: the server is on its way out.
    Closing,
}

/// For people who point a plain WebSocket client at the Socket.IO endpoint.
const HINT: &str =
    "this is a Socket.IO endpoint; plain WebSocket clients connect to /ws/{instance}";

/// What to say when an upgrade arrives without its headers.
pub(super) const NO_UPGRADE: &str = "Bad request: the websocket transport needs HTTP/1.1 with the headers \
     \"Upgrade: websocket\" and \"Connection: Upgrade\"; a reverse proxy in between is not forwarding them";

#[derive(Serialize)]
struct Body<'a> {
    code: u8,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

impl Refusal {
    fn code(&self) -> u8 {
        match self {
            Self::UnknownTransport { .. } => 0,
            Self::UnknownSession => 1,
            Self::BadMethod => 2,
            Self::BadRequest(_) | Self::TooLarge | Self::Closing => 3,
            Self::Forbidden(_) => 4,
            Self::UnsupportedVersion { .. } => 5,
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Closing => StatusCode::SERVICE_UNAVAILABLE,
            Self::UnknownTransport { .. }
            | Self::UnknownSession
            | Self::BadMethod
            | Self::BadRequest(_)
            | Self::UnsupportedVersion { .. } => StatusCode::BAD_REQUEST,
        }
    }

    fn message(&self) -> &'static str {
        match self {
            Self::UnknownTransport { .. } => "Transport unknown",
            Self::UnknownSession => "Session ID unknown",
            Self::BadMethod => "Bad handshake method",
            Self::BadRequest(message) | Self::Forbidden(message) => message,
            Self::UnsupportedVersion { .. } => "Unsupported protocol version",
            Self::TooLarge => "Payload too large",
            Self::Closing => "The server is shutting down",
        }
    }

    fn hint(&self) -> Option<&'static str> {
        match self {
            Self::UnknownTransport { plain_websocket }
            | Self::UnsupportedVersion { plain_websocket } => plain_websocket.then_some(HINT),
            _ => None,
        }
    }

    pub(super) fn response(&self) -> Response<Full<Bytes>> {
        let body = Body {
            code: self.code(),
            message: self.message(),
            hint: self.hint(),
        };
        json(self.status(), &body)
    }
}

/// The normal error envelope, for what is not Engine.IO.
pub(super) fn not_found(message: &str) -> Response<Full<Bytes>> {
    json(
        StatusCode::NOT_FOUND,
        &serde_json::json!({"status": 404, "error": "Not Found", "response": {"message": [message]}}),
    )
}

fn json(status: StatusCode, body: &impl Serialize) -> Response<Full<Bytes>> {
    let text = serde_json::to_vec(body).unwrap_or_default();
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

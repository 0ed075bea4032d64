//! What stands before Engine.IO: every request to `/socket.io` that cannot succeed is answered here, at once.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, Version, header};
use http_body_util::Full;
use pombo_domain::port::PeerAddress;

use super::access::{self, Credentials};
use super::bundle;
use super::query::{self, InvalidOffset};
use super::refusal::{NO_UPGRADE, Refusal, not_found};
use super::server::Server;
use crate::replay::Start;

/// What to do with a request.
pub(super) enum Verdict {
    /// Not for us.
    Elsewhere,
    /// The answer.
    Answer(Response<Full<Bytes>>),
    /// Engine.IO may have it; a handshake brings what was learnt about the client.
    Pass(Option<Handshake>),
}

/// What the gate learnt about a new client; travels in the request's extensions.
#[derive(Debug, Clone)]
pub(super) struct Handshake {
    pub(super) credentials: Credentials,
    /// `?offset=`, when it is there.
    pub(super) offset: Option<Result<Start, InvalidOffset>>,
}

/// A log line at most once a minute.
#[derive(Debug)]
pub(super) struct Hint {
    born: Instant,
    last: AtomicU64,
}

impl Default for Hint {
    fn default() -> Self {
        Self {
            born: Instant::now(),
            last: AtomicU64::new(0),
        }
    }
}

impl Hint {
    pub(super) fn due(&self) -> bool {
        let now = self.born.elapsed().as_secs() + 61;
        let last = self.last.load(Ordering::Relaxed);
        now - last > 60
            && self
                .last
                .compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }
}

impl Server {
    /// Looks at one request. The order of the checks is the reference's, as far as a client can tell.
    pub(super) fn judge<B>(&self, request: &Request<B>) -> Verdict {
        let path = request.uri().path();
        let Some(below) = path.strip_prefix("/socket.io") else {
            return Verdict::Elsewhere;
        };
        match below {
            "" | "/" => {}
            _ if below.starts_with('/') => {
                return Verdict::Answer(bundle::serve(
                    &below[1..],
                    request.method(),
                    request.headers(),
                ));
            }
            _ => return Verdict::Elsewhere,
        }
        if request.method() == Method::OPTIONS {
            let mut answer = Response::new(Full::default());
            *answer.status_mut() = StatusCode::NO_CONTENT;
            return Verdict::Answer(answer);
        }
        match self.admit(request) {
            Ok(handshake) => Verdict::Pass(handshake),
            Err(refusal) => {
                self.metrics.handshake_refused();
                Verdict::Answer(refusal.response())
            }
        }
    }

    fn admit<B>(&self, request: &Request<B>) -> Result<Option<Handshake>, Refusal> {
        let query = request.uri().query().unwrap_or("");
        let headers = request.headers();
        let upgrade = asks_for_websocket(headers);

        let websocket = match query::raw(query, "transport") {
            Some("websocket") => true,
            Some("polling") => false,
            _ => {
                return Err(Refusal::UnknownTransport {
                    plain_websocket: upgrade,
                });
            }
        };
        match query::raw(query, "EIO") {
            Some("4") => {}
            Some("3") if self.config.eio3 => {}
            version => {
                return Err(Refusal::UnsupportedVersion {
                    plain_websocket: upgrade || version.is_none(),
                });
            }
        }
        let session = query::raw(query, "sid");
        let method = request.method();
        let good =
            method == Method::GET || method == Method::POST && session.is_some() && !websocket;
        if !good {
            return Err(Refusal::BadMethod);
        }
        if websocket {
            self.check_upgrade(request.version(), headers, upgrade)?;
            self.check_origin(headers)?;
        } else if upgrade {
            return Err(Refusal::BadRequest("Bad request"));
        }
        if self.is_closing() {
            return Err(Refusal::Closing);
        }
        if let Some(session) = session {
            return if self.knows_session(session) {
                Ok(None)
            } else {
                Err(Refusal::UnknownSession)
            };
        }
        let peer = request
            .extensions()
            .get::<PeerAddress>()
            .map(|peer| peer.0.ip());
        let credentials = self.identify(query, headers, peer)?;
        let offset = query::decoded(query, "offset").map(|text| query::offset(&text));
        Ok(Some(Handshake {
            credentials,
            offset,
        }))
    }

    fn check_upgrade(
        &self,
        version: Version,
        headers: &HeaderMap,
        upgrade: bool,
    ) -> Result<(), Refusal> {
        let connection = header_has(headers, header::CONNECTION, "upgrade");
        if !upgrade || !connection || version != Version::HTTP_11 {
            if self.upgrade_hint.due() {
                tracing::warn!(
                    "a websocket handshake arrived without Upgrade headers: a reverse proxy is not forwarding them"
                );
            }
            return Err(Refusal::BadRequest(NO_UPGRADE));
        }
        if !headers.contains_key(header::SEC_WEBSOCKET_KEY) {
            return Err(Refusal::BadRequest(
                "Bad request: the header Sec-WebSocket-Key is missing",
            ));
        }
        match headers.get(header::SEC_WEBSOCKET_VERSION) {
            Some(version) if version != "13" => Err(Refusal::BadRequest(
                "Bad request: only Sec-WebSocket-Version 13 is spoken here",
            )),
            _ => Ok(()),
        }
    }

    fn check_origin(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let (Some(allowed), Some(origin)) =
            (&self.config.origin_allowed, headers.get(header::ORIGIN))
        else {
            return Ok(());
        };
        match origin.to_str() {
            Ok(origin) if allowed(origin) => Ok(()),
            _ => Err(Refusal::Forbidden("Origin not allowed")),
        }
    }

    fn identify(
        &self,
        query: &str,
        headers: &HeaderMap,
        peer: Option<IpAddr>,
    ) -> Result<Credentials, Refusal> {
        let key = access::key_of(query, headers);
        let opens = |key: &String| self.keys.access(key).is_some();
        let valid = key.as_ref().is_some_and(opens);
        match key {
            Some(key) if valid => Ok(Credentials::Key(key)),
            _ if self.config.allowed_hosts.exempt(peer, headers) => Ok(Credentials::Exempt),
            Some(_) => Err(Refusal::Forbidden("Invalid global token")),
            None if self.config.keyless_handshake => Ok(Credentials::None),
            None => Err(Refusal::Forbidden("apiKey is required")),
        }
    }
}

fn asks_for_websocket(headers: &HeaderMap) -> bool {
    header_has(headers, header::UPGRADE, "websocket")
}

/// Whether one of the comma-separated words of a header is `word`.
fn header_has(headers: &HeaderMap, name: header::HeaderName, word: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|item| item.trim().eq_ignore_ascii_case(word))
}

/// Turns what Engine.IO itself refused into the reference's form; its own codes are texts.
pub(super) fn rewrite(status: StatusCode, body: &[u8]) -> Response<Full<Bytes>> {
    #[derive(serde::Deserialize)]
    struct Theirs {
        code: String,
    }
    let code = serde_json::from_slice::<Theirs>(body).map(|theirs| theirs.code);
    match (code.as_deref(), status) {
        (Ok("0"), _) => Refusal::UnknownTransport {
            plain_websocket: false,
        },
        (Ok("1"), _) => Refusal::UnknownSession,
        (Ok("2"), _) => Refusal::BadMethod,
        (Ok("5"), _) => Refusal::UnsupportedVersion {
            plain_websocket: false,
        },
        (_, StatusCode::PAYLOAD_TOO_LARGE) => Refusal::TooLarge,
        _ => Refusal::BadRequest("Bad request"),
    }
    .response()
}

/// The answer to a path below `/socket.io/` that leads nowhere.
pub(super) fn unknown_path(file: &str) -> Response<Full<Bytes>> {
    not_found(&format!(
        "Nothing is served at /socket.io/{file}. Socket.IO clients connect to /socket.io/, plain WebSocket clients to /ws/{{instance}}"
    ))
}

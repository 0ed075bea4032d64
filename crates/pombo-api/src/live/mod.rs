//! The native WebSocket: `/ws`, `/ws/{instance}`, and a raw upgrade at `/` and `/{instance}`.
//!
//! Every upgrade request gets its answer at once: 101, or JSON that says what is wrong. Source: `socketio.md`, 6 (i), (ii).

mod session;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::extract::ws::WebSocketUpgrade;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use pombo_domain::port::{Access, FeedRequest};

use crate::error::ApiError;
use crate::extract::{ClientAddress, Query, decode, is_forwarded, key_of};
use crate::state::{Api, PeerAddress};

/// Where a client wants to listen.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    All,
    Instance(String),
}

/// The start of a subprotocol that carries a key, for browsers.
const KEY_PROTOCOL: &str = "apikey.";

/// Whether the request asks for a WebSocket.
pub(crate) fn is_upgrade<B>(request: &Request<B>) -> bool {
    has_token(request.headers(), &header::UPGRADE, "websocket")
        && has_token(request.headers(), &header::CONNECTION, "upgrade")
}

/// Answers a request for a WebSocket.
pub(crate) async fn upgrade(api: &Api, request: Request<Body>) -> Response {
    let (mut parts, _) = request.into_parts();
    match open(api, &mut parts).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    }
}

async fn open(api: &Api, parts: &mut Parts) -> Result<Response, ApiError> {
    let feed = api.feed.as_ref().ok_or_else(|| {
        ApiError::not_found(format!(
            "No WebSocket at {}: it is switched off (WEBSOCKET_ENABLED)",
            parts.uri.path()
        ))
    })?;
    if parts.method != Method::GET {
        return Err(ApiError::not_found(format!(
            "Cannot {} {}",
            parts.method,
            parts.uri.path()
        )));
    }
    let place = place(parts.uri.path()).ok_or_else(|| {
        ApiError::not_found(format!(
            "No WebSocket at {}: Socket.IO clients connect to /socket.io/, others to /ws/{{instance}} or /ws",
            parts.uri.path()
        ))
    })?;
    if !api.config.cors.allows(parts.headers.get(header::ORIGIN)) {
        return Err(ApiError::forbidden("Not allowed by CORS"));
    }
    let query = Query::parse(parts.uri.query().unwrap_or_default());
    let access = access(api, parts, &query)?;
    let instance = match place {
        Place::All => None,
        Place::Instance(name) => {
            let instance = api
                .gateway
                .keys()
                .find(&name)
                .ok_or_else(|| ApiError::no_such_instance(&name))?;
            if !access.opens(&instance.id) {
                return Err(ApiError::unauthorised());
            }
            Some(instance)
        }
    };
    let offset = match query.text("offset") {
        None => None,
        Some(text) => {
            let offset = text
                .parse()
                .map_err(|_| ApiError::bad_request("\"offset\" must be a number"))?;
            Some(offset)
        }
    };
    let peer = ClientAddress::of(
        &parts.extensions,
        &parts.headers,
        &api.config.trusted_proxies,
    );
    let port = parts
        .extensions
        .get::<PeerAddress>()
        .map_or(0, |peer| peer.0.port());
    let request = FeedRequest {
        instance,
        access,
        offset,
        peer: peer.address.map(|address| (address, port).into()),
    };

    let limit = api.config.websocket_message_limit;
    let chosen = key_protocol(&parts.headers).map(str::to_owned);
    let handshake = WebSocketUpgrade::from_request_parts(parts, api)
        .await
        .map_err(|rejection| {
            if parts.version < http::Version::HTTP_11 {
                return ApiError::plain(StatusCode::UPGRADE_REQUIRED, UPGRADE_HINT);
            }
            ApiError::plain(rejection.status(), rejection.body_text())
        })?
        .max_message_size(limit)
        .max_frame_size(limit);
    let handshake = match chosen {
        Some(protocol) => handshake.protocols([protocol]),
        None => handshake,
    };
    let feed = std::sync::Arc::clone(feed);
    Ok(handshake.on_upgrade(move |socket| session::run(socket, feed.open(request))))
}

const UPGRADE_HINT: &str = "This is a WebSocket address: connect with a WebSocket client. Behind a reverse proxy, forward the \
                            headers Upgrade and Connection over HTTP/1.1";

/// `/ws` without an upgrade: what to do instead.
pub(crate) async fn upgrade_required() -> Response {
    let mut response = ApiError::plain(StatusCode::UPGRADE_REQUIRED, UPGRADE_HINT).into_response();
    response
        .headers_mut()
        .insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    response
}

/// What the path stands for.
fn place(path: &str) -> Option<Place> {
    let trimmed = path.strip_prefix('/')?;
    let trimmed = trimmed.strip_suffix('/').unwrap_or(trimmed);
    let name = match trimmed.split_once('/') {
        None if trimmed.is_empty() || trimmed.eq_ignore_ascii_case("ws") => {
            return Some(Place::All);
        }
        None => trimmed,
        Some((first, rest)) if first.eq_ignore_ascii_case("ws") && !rest.contains('/') => rest,
        Some(_) => return None,
    };
    decode(name).map(Place::Instance)
}

/// What the client may hear: by its key, from wherever it sent one, or because of where it calls from.
fn access(api: &Api, parts: &Parts, query: &Query) -> Result<Access, ApiError> {
    let keys = api.gateway.keys();
    let key = query
        .text("apikey")
        .or_else(|| key_of(&parts.headers))
        .or_else(|| bearer(&parts.headers))
        .or_else(|| key_protocol(&parts.headers).map(|protocol| &protocol[KEY_PROTOCOL.len()..]));
    if let Some(access) = key.and_then(|key| keys.access(key)) {
        return Ok(access);
    }
    // Behind a proxy on the same machine everybody would look local.
    let exempt = parts.extensions.get::<PeerAddress>().is_some_and(|peer| {
        !is_forwarded(&parts.headers) && api.config.websocket_exempt.contains(peer.0.ip())
    });
    if exempt {
        Ok(Access::Global)
    } else {
        Err(ApiError::unauthorised())
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim())
        .filter(|token| !token.is_empty())
}

/// The offered subprotocol that carries a key.
fn key_protocol(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .find(|protocol| protocol.len() > KEY_PROTOCOL.len() && protocol.starts_with(KEY_PROTOCOL))
}

fn has_token(headers: &HeaderMap, name: &http::HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|value| value.trim().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_paths() {
        for all in ["/", "/ws", "/ws/", "/WS"] {
            assert_eq!(place(all), Some(Place::All), "{all}");
        }
        for (path, name) in [
            ("/ws/Ora", "Ora"),
            ("/Ora", "Ora"),
            ("/ws/a%2Fb/", "a/b"),
            ("/a%20%C3%A9", "a é"),
        ] {
            assert_eq!(
                place(path),
                Some(Place::Instance(name.to_owned())),
                "{path}"
            );
        }
        for other in ["/socket.io/x", "/ws/a/b", "/a/b", "/ws/%zz", "*"] {
            assert_eq!(place(other), None, "{other}");
        }
    }

    #[test]
    fn keys_in_headers() {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, "bearer  K1".parse().unwrap());
        headers.insert(
            header::SEC_WEBSOCKET_PROTOCOL,
            "pombo, apikey.K2".parse().unwrap(),
        );
        assert_eq!(bearer(&headers), Some("K1"));
        assert_eq!(key_protocol(&headers), Some("apikey.K2"));
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, "apikey.".parse().unwrap());
        assert_eq!(key_protocol(&headers), None);
    }
}

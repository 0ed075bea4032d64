//! The official browser client, embedded at build time and served like the reference does.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use http_body_util::Full;

use super::gate::unknown_path;
use super::refusal::not_found;

/// One embedded file.
struct File {
    name: &'static str,
    etag: &'static str,
    content: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/bundle.rs"));

/// Every file that the reference serves, whether or not this build has it.
const KNOWN: [&str; 8] = [
    "socket.io.js",
    "socket.io.js.map",
    "socket.io.min.js",
    "socket.io.min.js.map",
    "socket.io.esm.min.js",
    "socket.io.esm.min.js.map",
    "socket.io.msgpack.min.js",
    "socket.io.msgpack.min.js.map",
];

pub(super) fn serve(file: &str, method: &Method, headers: &HeaderMap) -> Response<Full<Bytes>> {
    if !KNOWN.contains(&file) {
        return unknown_path(file);
    }
    let Some(file) = FILES.iter().find(|candidate| candidate.name == file) else {
        return not_found(
            "The Socket.IO browser client is not part of this build: it was built without the npm package socket.io-client",
        );
    };
    if method != Method::GET && method != Method::HEAD {
        let mut answer = Response::new(Full::default());
        *answer.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        answer
            .headers_mut()
            .insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return answer;
    }
    let known = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|tag| tag.trim().trim_start_matches("W/"))
        .any(|tag| tag == file.etag || tag == "*");
    let mut answer = Response::new(if known {
        Full::default()
    } else {
        Full::from(file.content)
    });
    let kind = if file.name.ends_with(".map") {
        "application/json"
    } else {
        "application/javascript; charset=utf-8"
    };
    let own = answer.headers_mut();
    own.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    own.insert(header::ETAG, HeaderValue::from_static(file.etag));
    own.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=3600"),
    );
    own.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    if known {
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
    }
    answer
}

//! The instance that the path names, for callers whose key opens it.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;
use percent_encoding::percent_decode_str;
use pombo_core::Entry;

use super::key::access;
use crate::error::ApiError;
use crate::state::Api;

/// The instance of the path. Its name is compared exactly; nothing in the query or the body changes it.
///
/// The key is checked first: who has none learns nothing about names. Holders of any valid key get 404 for an unknown name.
pub(crate) struct AuthorisedInstance(pub(crate) Arc<Entry>);

impl FromRequestParts<Api> for AuthorisedInstance {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let access = access(&parts.headers, api)?;
        let params = RawPathParams::from_request_parts(parts, api)
            .await
            .map_err(|_| {
                ApiError::plain(http::StatusCode::BAD_REQUEST, "Failed to decode param")
            })?;
        let name = params
            .iter()
            .find_map(|(param, value)| (param == "instanceName").then_some(value))
            .ok_or_else(|| ApiError::bad_request("\"instanceName\" not provided."))?;
        let entry = api
            .gateway
            .instance(name)
            .ok_or_else(|| ApiError::no_such_instance(name))?;
        if !access.opens(&entry.state().instance.id) {
            return Err(ApiError::unauthorised());
        }
        Ok(Self(entry))
    }
}

/// A path segment without its percent-encoding; `None` when that is malformed.
pub(crate) fn decode(segment: &str) -> Option<String> {
    let bytes = segment.as_bytes();
    let well_formed = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'%').all(|(at, _)| {
        matches!(bytes.get(at + 1..at + 3), Some(digits) if digits.iter().all(u8::is_ascii_hexdigit))
    });
    if !well_formed {
        return None;
    }
    percent_decode_str(segment)
        .decode_utf8()
        .ok()
        .map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn segments_are_decoded_as_javascript_does() {
        assert_eq!(decode("ora%20%C3%A9%2Fsp").as_deref(), Some("ora é/sp"));
        assert_eq!(decode("a+b").as_deref(), Some("a+b"));
        for bad in ["%", "%2", "%zz", "%E0%A4%A", "%FF"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}

//! The API key: header `apikey`, nowhere else.

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::request::Parts;
use pombo_domain::port::Access;

use crate::error::ApiError;
use crate::state::Api;

/// The key as it was sent; `None` when there is none.
pub(crate) fn key_of(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get("apikey")?;
    std::str::from_utf8(value.as_bytes())
        .ok()
        .filter(|key| !key.is_empty())
}

/// What the caller's key opens.
///
/// # Errors
/// 401 when it opens nothing.
pub(crate) fn access(headers: &HeaderMap, api: &Api) -> Result<Access, ApiError> {
    key_of(headers)
        .and_then(|key| api.gateway.keys().access(key))
        .ok_or_else(ApiError::unauthorised)
}

/// The caller has the global key.
pub(crate) struct GlobalKey;

impl FromRequestParts<Api> for GlobalKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        match access(&parts.headers, api)? {
            Access::Global => Ok(Self),
            Access::Instances(_) => Err(ApiError::unauthorised()),
        }
    }
}

/// The caller has some valid key, which opens this.
pub(crate) struct AnyKey(pub(crate) Access);

impl FromRequestParts<Api> for AnyKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        access(&parts.headers, api).map(Self)
    }
}

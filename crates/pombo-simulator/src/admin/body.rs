//! Reading requests: whatever is wrong is told in the form of all refusals.

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use bytes::Bytes;
use http::StatusCode;
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::error::AdminError;

/// A body in JSON; none at all is `{}`.
pub(super) struct Body<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = AdminError;

    async fn from_request(request: Request, state: &S) -> Result<Self, AdminError> {
        let Text(text) = Text::from_request(request, state).await?;
        let text = if text.trim().is_empty() { "{}" } else { &text };
        serde_json::from_str(text).map(Self).map_err(|error| {
            AdminError::bad_request(format!("the body is not what is expected here: {error}"))
        })
    }
}

/// A body in plain text.
pub(super) struct Text(pub(super) String);

impl<S: Send + Sync> FromRequest<S> for Text {
    type Rejection = AdminError;

    async fn from_request(request: Request, state: &S) -> Result<Self, AdminError> {
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|error| AdminError::new(error.status(), error.body_text()))?;
        String::from_utf8(bytes.into())
            .map(Self)
            .map_err(|_| AdminError::bad_request("the body is not UTF-8"))
    }
}

/// A part of the path.
pub(super) struct Part<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Part<T> {
    type Rejection = AdminError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AdminError> {
        let Path(value) = Path::from_request_parts(parts, state)
            .await
            .map_err(|error| AdminError::new(StatusCode::BAD_REQUEST, error.body_text()))?;
        Ok(Self(value))
    }
}

/// The query.
pub(super) struct Asked<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = AdminError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AdminError> {
        let Query(value) = Query::from_request_parts(parts, state)
            .await
            .map_err(|error| AdminError::new(StatusCode::BAD_REQUEST, error.body_text()))?;
        Ok(Self(value))
    }
}

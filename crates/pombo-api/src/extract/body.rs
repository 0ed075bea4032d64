//! Bodies: read within limits, checked against the route's schema, then typed.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::urlencoded;
use crate::error::{ApiError, Failure};
use crate::schema::{Schema, coerce_delay, coerce_texts};
use crate::state::Api;

/// A body that a schema describes.
pub(crate) trait Checked: DeserializeOwned + Send {
    /// What it must look like.
    fn schema() -> &'static Schema;

    /// Brings other accepted spellings into the one that the schema knows.
    fn prepare(_body: &mut Map<String, Value>) {}

    /// How failures are shown.
    fn refuse(failures: Vec<Failure>) -> ApiError {
        ApiError::invalid(failures)
    }
}

/// The checked body. A missing body, or one of another type, is an empty object.
pub(crate) struct ValidJson<T>(pub(crate) T);

impl<T: Checked> FromRequest<Api> for ValidJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Api) -> Result<Self, ApiError> {
        let (members, origin) = RawBody::from_request(request, api).await?.members()?;
        check(members, origin).map(Self)
    }
}

/// The same, with failures in the form of the group routes: each with its property.
pub(super) fn check_properties<T: Checked>(
    members: Map<String, Value>,
    origin: Origin,
) -> Result<T, ApiError> {
    check_or(members, origin, ApiError::invalid_properties)
}

/// Checks an object against its schema and types it.
pub(crate) fn check<T: Checked>(
    members: Map<String, Value>,
    origin: Origin,
) -> Result<T, ApiError> {
    check_or(members, origin, T::refuse)
}

fn check_or<T: Checked>(
    mut members: Map<String, Value>,
    origin: Origin,
    refuse: fn(Vec<Failure>) -> ApiError,
) -> Result<T, ApiError> {
    let schema = T::schema();
    match origin {
        Origin::Json => coerce_delay(schema, &mut members),
        Origin::Form => coerce_texts(schema, &mut members),
    }
    T::prepare(&mut members);
    let body = Value::Object(members);
    let failures = schema.failures(&body);
    if !failures.is_empty() {
        return Err(refuse(failures));
    }
    // What the schema leaves open, the type may still refuse.
    serde_json::from_value(body).map_err(|error| ApiError::invalid_text(error.to_string()))
}

/// Where an object came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// JSON, which has types.
    Json,
    /// A form, where everything is text.
    Form,
}

/// The bytes of the body, and what they are said to be.
pub(crate) struct RawBody {
    kind: Kind,
    pub(crate) bytes: Bytes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Json,
    Form,
    Other,
}

impl RawBody {
    /// The body as an object.
    ///
    /// # Errors
    /// 400 when it is not what its type says.
    pub(crate) fn members(&self) -> Result<(Map<String, Value>, Origin), ApiError> {
        match self.kind {
            Kind::Json => object(&self.bytes).map(|members| (members, Origin::Json)),
            Kind::Form => urlencoded::parse(&self.bytes)
                .map(|members| (members, Origin::Form))
                .ok_or_else(|| {
                    ApiError::plain(StatusCode::PAYLOAD_TOO_LARGE, "too many parameters")
                }),
            Kind::Other => Ok((Map::new(), Origin::Json)),
        }
    }

    /// The body as JSON text, whatever it was.
    ///
    /// # Errors
    /// As [`Self::members`].
    pub(crate) fn json(self) -> Result<Bytes, ApiError> {
        match self.kind {
            Kind::Json | Kind::Other if !self.bytes.is_empty() => Ok(self.bytes),
            Kind::Json | Kind::Other => Ok(Bytes::from_static(b"{}")),
            Kind::Form => {
                let (members, _) = self.members()?;
                serde_json::to_vec(&members)
                    .map(Bytes::from)
                    .map_err(ApiError::internal)
            }
        }
    }
}

impl FromRequest<Api> for RawBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Api) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let kind = kind_of(&parts.headers)?;
        Ok(Self {
            kind,
            bytes: read(body, api).await?,
        })
    }
}

/// Reads a body to its end, within size and time.
async fn read(body: Body, api: &Api) -> Result<Bytes, ApiError> {
    let limited = Limited::new(body, api.config.body_limit);
    let Ok(read) = tokio::time::timeout(api.config.request_timeout, limited.collect()).await else {
        return Err(ApiError::plain(
            StatusCode::REQUEST_TIMEOUT,
            "The request body did not arrive in time",
        ));
    };
    match read {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(_) => Err(ApiError::plain(
            StatusCode::BAD_REQUEST,
            "The request body broke off",
        )),
    }
}

pub(super) fn too_large() -> ApiError {
    ApiError::plain(StatusCode::PAYLOAD_TOO_LARGE, "request entity too large")
}

fn kind_of(headers: &HeaderMap) -> Result<Kind, ApiError> {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let encoding = text(header::CONTENT_ENCODING);
    if !encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity") {
        return Err(unsupported(format!(
            "unsupported content encoding \"{encoding}\""
        )));
    }
    let mut parts = text(header::CONTENT_TYPE).split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let kind = if essence.eq_ignore_ascii_case("application/json") {
        Kind::Json
    } else if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Kind::Form
    } else {
        return Ok(Kind::Other);
    };
    for parameter in parts {
        if let Some((name, value)) = parameter.split_once('=')
            && name.trim().eq_ignore_ascii_case("charset")
        {
            let charset = value.trim().trim_matches('"').to_ascii_lowercase();
            if !matches!(charset.as_str(), "utf-8" | "utf8" | "us-ascii") {
                return Err(unsupported(format!(
                    "unsupported charset \"{}\"",
                    charset.to_uppercase()
                )));
            }
        }
    }
    Ok(kind)
}

fn unsupported(text: String) -> ApiError {
    ApiError::plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, text)
}

/// JSON as an object. Nothing and a list are empty objects, as in the original; any other value is refused.
fn object(bytes: &[u8]) -> Result<Map<String, Value>, ApiError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(Value::Array(_)) => Ok(Map::new()),
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            Err(ApiError::plain(
                StatusCode::BAD_REQUEST,
                "Malformed JSON: the body must be an object",
            ))
        }
        Err(error) => Err(ApiError::plain(
            StatusCode::BAD_REQUEST,
            format!("Malformed JSON: {error}"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_and_lists_are_empty_objects() {
        for body in ["", "  \n", "{}", "[]", "[1]", "\u{feff}{}"] {
            assert!(object(body.as_bytes()).unwrap().is_empty(), "{body}");
        }
        for body in [
            "\"abc\"", "1", "null", "true", "{\"a\": ", "{}}", "nonsense",
        ] {
            let error = object(body.as_bytes()).unwrap_err();
            assert_eq!(error.status(), StatusCode::BAD_REQUEST, "{body}");
        }
        assert!(object(b"{\"a\":\"\xff\"}").is_err());
    }

    #[test]
    fn depth_is_limited() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(
            object(deep.as_bytes()).unwrap_err().status(),
            StatusCode::BAD_REQUEST
        );
    }

    #[test]
    fn types_and_charsets() {
        let kind = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, value.parse().unwrap());
            kind_of(&headers).map_err(|error| error.status().as_u16())
        };
        assert_eq!(kind("application/json"), Ok(Kind::Json));
        assert_eq!(kind("Application/JSON; charset=\"UTF-8\""), Ok(Kind::Json));
        assert_eq!(kind("application/json; charset=utf-16"), Err(415));
        assert_eq!(kind("application/x-www-form-urlencoded"), Ok(Kind::Form));
        assert_eq!(kind("text/plain; charset=latin1"), Ok(Kind::Other));
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_ENCODING, "gzip".parse().unwrap());
        assert!(kind_of(&headers).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            drop(object(&bytes));
        }
    }
}

//! One call of the service. Source: Amazon SQS API reference, "Making requests using the AWS JSON protocol".

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use pombo_domain::clock::Timestamp;
use serde_json::Value;

use super::config::SqsConfig;
use super::sigv4::{Signed, amz_date, authorization};

const CONTENT_TYPE: &str = "application/x-amz-json-1.0";

/// A signed call, ready to be sent.
pub(super) struct Request {
    pub(super) url: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Request {
    /// `None` when the endpoint's host cannot be in a header, which the configuration has ruled out.
    pub(super) fn new(
        config: &SqsConfig,
        action: &str,
        input: &Value,
        now: Timestamp,
    ) -> Option<Self> {
        let base = config.base_url();
        let (scheme, rest) = base.split_once("://")?;
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let path = if path.is_empty() { "/" } else { path };
        // As the library writes it: without the scheme's own port.
        let own_port = if scheme == "https" { ":443" } else { ":80" };
        let host = host.strip_suffix(own_port).unwrap_or(host);
        let (date, target) = (amz_date(now), format!("AmazonSQS.{action}"));
        let body = Bytes::from(input.to_string());
        let signed = [
            ("content-type", CONTENT_TYPE),
            ("host", host),
            ("x-amz-date", &date),
            ("x-amz-target", &target),
        ];
        let what = Signed {
            path,
            headers: &signed,
            body: &body,
        };
        let authorization = authorization(&config.credentials(), &what, &date);
        let mut headers = HeaderMap::new();
        // The library writes `host` itself, from the same URL.
        for (name, value) in signed.into_iter().filter(|(name, _)| *name != "host") {
            headers.insert(
                HeaderName::from_bytes(name.as_bytes()).ok()?,
                HeaderValue::from_str(value).ok()?,
            );
        }
        let mut secret = HeaderValue::from_str(&authorization).ok()?;
        secret.set_sensitive(true);
        headers.insert(http::header::AUTHORIZATION, secret);
        Some(Self {
            url: format!("{scheme}://{host}{path}"),
            headers,
            body,
        })
    }
}

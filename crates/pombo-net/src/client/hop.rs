//! One request of a chain of redirects.

use std::net::IpAddr;

use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, EXPECT, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, Method};
use url::{Host, Url};

use super::error::OutboundError;
use crate::policy::OutboundPolicy;

/// Headers of the connection, which the library writes itself. A wrong one from a user would garble the request.
const OF_THE_CONNECTION: [HeaderName; 7] = [
    CONNECTION,
    CONTENT_LENGTH,
    EXPECT,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

#[derive(Debug, Clone)]
pub(super) struct Hop {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Hop {
    pub(super) fn new(method: Method, url: Url, mut headers: HeaderMap, body: Bytes) -> Self {
        for name in &OF_THE_CONNECTION {
            headers.remove(name);
        }
        Self {
            method,
            url,
            headers,
            body,
        }
    }

    /// The library asks the resolver for names only and connects to an address in a URL directly; so it is judged here.
    pub(super) fn check_address(&self, policy: OutboundPolicy) -> Result<(), OutboundError> {
        check_host(&self.url, policy)
    }

    pub(super) fn request(&self, http: &reqwest::Client) -> reqwest::RequestBuilder {
        let mut headers = self.headers.clone();
        if !self.url.username().is_empty() || self.url.password().is_some() {
            headers.remove(AUTHORIZATION);
        }
        let request = http
            .request(self.method.clone(), self.url.clone())
            .headers(headers);
        if self.body.is_empty() && self.method == Method::GET {
            return request;
        }
        request.body(self.body.clone())
    }
}

/// Judges a host that is an address. The `url` crate has already turned the odd spellings (`2130706433`, `0177.0.0.1`,
/// `0x7f.1`, full-width digits) into an address.
pub(super) fn check_host(url: &Url, policy: OutboundPolicy) -> Result<(), OutboundError> {
    match url.host() {
        Some(Host::Ipv4(address)) => Ok(policy.check(IpAddr::V4(address))?),
        Some(Host::Ipv6(address)) => Ok(policy.check(IpAddr::V6(address))?),
        Some(Host::Domain(_)) => Ok(()),
        None => Err(OutboundError::InvalidUrl {
            reason: "it has no host",
        }),
    }
}

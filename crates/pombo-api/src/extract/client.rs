//! Who calls, also behind proxies that are trusted to say so.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{Extensions, HeaderMap};

use crate::state::{AddressRule, Api, PeerAddress};

/// The client's address and whether it came by TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ClientAddress {
    /// `None` when the server did not say.
    pub(crate) address: Option<IpAddr>,
    /// A trusted proxy says that the client came by TLS.
    pub(crate) https: bool,
}

impl ClientAddress {
    /// From the TCP peer and, when that is a trusted proxy, what it and the trusted ones before it say.
    pub(crate) fn of(extensions: &Extensions, headers: &HeaderMap, trusted: &AddressRule) -> Self {
        let Some(PeerAddress(peer)) = extensions.get::<PeerAddress>() else {
            return Self::default();
        };
        let peer = peer.ip().to_canonical();
        if !trusted.contains(peer) {
            return Self {
                address: Some(peer),
                https: false,
            };
        }
        let hops: Vec<&str> = headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .collect();
        // From the right: each trusted hop vouches for the one before it. What cannot be read ends the chain.
        let mut address = peer;
        for hop in hops.iter().rev() {
            let Some(before) = parse(hop) else { break };
            address = before;
            if !trusted.contains(before) {
                break;
            }
        }
        let proto = headers
            .get("x-forwarded-proto")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let https = proto
            .rsplit(',')
            .next()
            .is_some_and(|last| last.trim().eq_ignore_ascii_case("https"));
        Self {
            address: Some(address),
            https,
        }
    }
}

/// An address, with or without a port.
fn parse(text: &str) -> Option<IpAddr> {
    let address = text
        .parse()
        .or_else(|_| text.parse().map(|socket: std::net::SocketAddr| socket.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

/// Whether somebody on the way says that the request was forwarded.
pub(crate) fn is_forwarded(headers: &HeaderMap) -> bool {
    ["x-forwarded-for", "forwarded", "x-real-ip"]
        .iter()
        .any(|name| headers.contains_key(*name))
}

impl FromRequestParts<Api> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Infallible> {
        Ok(Self::of(
            &parts.extensions,
            &parts.headers,
            &api.config.trusted_proxies,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&str], proto: &str) -> (String, bool) {
        let mut extensions = Extensions::new();
        extensions.insert(PeerAddress(format!("{peer}:1").parse().unwrap()));
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        headers.insert("x-forwarded-proto", proto.parse().unwrap());
        let proxies = AddressRule::new(|address| address.to_string().starts_with("10."));
        let client = ClientAddress::of(&extensions, &headers, &proxies);
        (client.address.unwrap().to_string(), client.https)
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(
            seen("192.0.2.1", &["1.2.3.4"], "https"),
            ("192.0.2.1".into(), false)
        );
        assert_eq!(
            seen("10.0.0.1", &["1.2.3.4"], "https"),
            ("1.2.3.4".into(), true)
        );
        assert_eq!(
            seen("[::ffff:10.0.0.1]", &["1.2.3.4:55"], "http"),
            ("1.2.3.4".into(), false)
        );
        assert_eq!(
            seen("10.0.0.1", &["6.6.6.6, 1.2.3.4", "10.0.0.9"], "https"),
            ("1.2.3.4".into(), true)
        );
        assert_eq!(
            seen("10.0.0.1", &["1.2.3.4, nonsense"], "http"),
            ("10.0.0.1".into(), false)
        );
        assert_eq!(seen("10.0.0.1", &[], "http"), ("10.0.0.1".into(), false));
    }
}

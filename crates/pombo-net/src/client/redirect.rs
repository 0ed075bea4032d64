//! What follows from a redirect.
//!
//! Source: RFC 9110, 15.4, and the behaviour of follow-redirects, which the original uses through axios.

use bytes::Bytes;
use http::header::{AUTHORIZATION, COOKIE, HOST, LOCATION, PROXY_AUTHORIZATION};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use url::Url;

use super::error::OutboundError;
use super::hop::Hop;

/// Names under which the services we call expect a secret; compared in lower case.
const SECRET_NAMES: [&str; 7] = [
    "api-key",
    "api_access_token",
    "apikey",
    "cookie2",
    "x-api-key",
    "x-auth-token",
    "x-apikey",
];

/// The target, if this is a redirect that clients follow.
pub(super) fn location(status: StatusCode, headers: &HeaderMap) -> Option<&HeaderValue> {
    match status.as_u16() {
        301 | 302 | 303 | 307 | 308 => headers.get(LOCATION),
        _ => None,
    }
}

/// The request that comes after `hop` was answered with a redirect.
pub(super) fn next_hop(
    hop: Hop,
    status: StatusCode,
    location: &HeaderValue,
) -> Result<Hop, OutboundError> {
    let mut url = location
        .to_str()
        .ok()
        .and_then(|location| hop.url.join(location).ok())
        .ok_or(OutboundError::InvalidUrl {
            reason: "a redirect leads to something that cannot be read as a URL",
        })?;
    check_scheme(&url)?;

    let Hop {
        mut method,
        mut headers,
        mut body,
        url: previous,
    } = hop;
    headers.remove(HOST);
    if becomes_get(&method, status) {
        method = Method::GET;
        body = Bytes::new();
        remove_where(&mut headers, |name, _| {
            name.as_str().starts_with("content-")
        });
    }
    if previous.scheme() == "https" && url.scheme() == "http" && !body.is_empty() {
        return Err(OutboundError::InvalidUrl {
            reason: "a redirect from https to http would send the content unencrypted",
        });
    }
    if url.origin() == previous.origin() {
        keep_userinfo(&previous, &mut url);
    } else {
        remove_where(&mut headers, is_secret);
    }
    Ok(Hop {
        method,
        url,
        headers,
        body,
    })
}

/// Only `http` and `https` are spoken here.
pub(super) fn check_scheme(url: &Url) -> Result<(), OutboundError> {
    match url.scheme() {
        "http" | "https" => Ok(()),
        _ => Err(OutboundError::InvalidUrl {
            reason: "only http and https are possible",
        }),
    }
}

fn becomes_get(method: &Method, status: StatusCode) -> bool {
    match status {
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => *method == Method::POST,
        StatusCode::SEE_OTHER => *method != Method::GET && *method != Method::HEAD,
        _ => false,
    }
}

fn is_secret(name: &HeaderName, value: &HeaderValue) -> bool {
    value.is_sensitive()
        || *name == AUTHORIZATION
        || *name == COOKIE
        || *name == PROXY_AUTHORIZATION
        || SECRET_NAMES.contains(&name.as_str())
}

fn remove_where(headers: &mut HeaderMap, unwanted: impl Fn(&HeaderName, &HeaderValue) -> bool) {
    let names: Vec<HeaderName> = headers
        .iter()
        .filter(|(name, value)| unwanted(name, value))
        .map(|(name, _)| name.clone())
        .collect();
    for name in names {
        headers.remove(name);
    }
}

/// Credentials in the URL hold for the whole origin, unless the redirect brings its own.
fn keep_userinfo(previous: &Url, url: &mut Url) {
    if url.username().is_empty() && url.password().is_none() {
        // Both fail only for URLs without host, and http(s) URLs have one.
        url.set_username(previous.username()).ok();
        url.set_password(previous.password()).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(url: &str) -> Hop {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("authorization", "Bearer secret"),
            ("apikey", "secret"),
            ("x-api-key", "secret"),
            ("cookie", "secret"),
            ("content-type", "application/json"),
            ("host", "other.test"),
            ("x-plain", "visible"),
        ] {
            headers.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        let mut marked = HeaderValue::from_static("secret");
        marked.set_sensitive(true);
        headers.insert("x-marked", marked);
        Hop::new(
            Method::POST,
            Url::parse(url).unwrap(),
            headers,
            Bytes::from_static(b"{}"),
        )
    }

    fn redirected(from: &str, status: u16, to: &str) -> Result<Hop, OutboundError> {
        let status = StatusCode::from_u16(status).unwrap();
        next_hop(post(from), status, &HeaderValue::from_str(to).unwrap())
    }

    #[test]
    fn temporary_and_permanent_redirects_repeat_the_post() {
        for status in [307, 308] {
            let hop = redirected("http://a.test/x", status, "/y?z=1").unwrap();
            assert_eq!(hop.method, Method::POST);
            assert_eq!(hop.body, "{}");
            assert_eq!(hop.url.as_str(), "http://a.test/y?z=1");
            assert!(hop.headers.contains_key("content-type"));
        }
    }

    #[test]
    fn the_old_redirects_turn_a_post_into_a_get() {
        for status in [301, 302, 303] {
            let hop = redirected("http://a.test/x", status, "/y").unwrap();
            assert_eq!(hop.method, Method::GET);
            assert!(hop.body.is_empty());
            assert!(!hop.headers.contains_key("content-type"));
        }
    }

    #[test]
    fn only_303_turns_a_put_into_a_get() {
        for (status, method) in [(301, Method::PUT), (302, Method::PUT), (303, Method::GET)] {
            let put = Hop {
                method: Method::PUT,
                ..post("http://a.test/x")
            };
            let status = StatusCode::from_u16(status).unwrap();
            let hop = next_hop(put, status, &HeaderValue::from_static("/y")).unwrap();
            assert_eq!(hop.method, method, "{status}");
        }
    }

    #[test]
    fn secrets_stay_within_their_origin() {
        let same = redirected("http://a.test/x", 307, "http://a.test:80/y").unwrap();
        for name in [
            "authorization",
            "apikey",
            "x-api-key",
            "cookie",
            "x-marked",
            "x-plain",
        ] {
            assert!(same.headers.contains_key(name), "{name}");
        }
        for other in [
            "http://b.test/y",
            "http://a.test:81/y",
            "https://a.test/y",
            "http://sub.a.test/",
        ] {
            let hop = redirected("http://a.test/x", 307, other).unwrap();
            for name in ["authorization", "apikey", "x-api-key", "cookie", "x-marked"] {
                assert!(!hop.headers.contains_key(name), "{name} to {other}");
            }
            assert!(hop.headers.contains_key("x-plain"));
        }
    }

    #[test]
    fn a_host_header_does_not_travel() {
        let hop = redirected("http://a.test/x", 307, "/y").unwrap();
        assert!(!hop.headers.contains_key("host"));
    }

    #[test]
    fn userinfo_stays_within_its_origin() {
        let same = redirected("http://user:word@a.test/x", 307, "/y").unwrap();
        assert_eq!(same.url.as_str(), "http://user:word@a.test/y");
        let other = redirected("http://user:word@a.test/x", 307, "http://b.test/y").unwrap();
        assert_eq!(other.url.as_str(), "http://b.test/y");
    }

    #[test]
    fn a_body_is_not_sent_from_https_to_http() {
        let error = redirected("https://a.test/x", 307, "http://a.test/x").unwrap_err();
        assert!(matches!(error, OutboundError::InvalidUrl { .. }));
    }

    #[test]
    fn without_a_body_https_may_lead_to_http_but_without_secrets() {
        let hop = redirected("https://a.test/x", 303, "http://a.test/y").unwrap();
        assert!(!hop.headers.contains_key("authorization"));
        assert!(hop.headers.contains_key("x-plain"));
    }

    #[test]
    fn other_schemes_and_nonsense_are_not_followed() {
        for to in [
            "file:///etc/passwd",
            "gopher://a.test/",
            "ftp://a.test/",
            "http://",
            "http://[::1",
        ] {
            let error = redirected("http://a.test/x", 302, to).unwrap_err();
            assert!(matches!(error, OutboundError::InvalidUrl { .. }), "{to}");
        }
    }

    #[test]
    fn only_the_five_usual_statuses_are_redirects() {
        let headers = HeaderMap::from_iter([(LOCATION, HeaderValue::from_static("/y"))]);
        for status in 200..400 {
            let status = StatusCode::from_u16(status).unwrap();
            let followed = [301, 302, 303, 307, 308].contains(&status.as_u16());
            assert_eq!(location(status, &headers).is_some(), followed, "{status}");
        }
        assert_eq!(location(StatusCode::FOUND, &HeaderMap::new()), None);
    }
}

//! Who a client is: what its key opens, now and whenever it is asked again.

use http::{HeaderMap, header};
use pombo_domain::port::{Access, ApiKeys};

use super::query;

/// How a client made itself known, at the handshake or when it joined.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Credentials {
    /// It has yet to show a key.
    None,
    /// It needs none: its address is in the list of allowed hosts.
    Exempt,
    /// This key. Kept, so that the question can be asked again when keys change.
    Key(String),
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::None => "None",
            Self::Exempt => "Exempt",
            Self::Key(_) => "Key(..)",
        })
    }
}

impl Credentials {
    /// What they open right now.
    pub(super) fn access(&self, keys: &dyn ApiKeys) -> Option<Access> {
        match self {
            Self::None => None,
            Self::Exempt => Some(Access::Global),
            Self::Key(key) => keys.access(key),
        }
    }
}

/// The key of a request: query `apikey`, else header `apikey`, else bearer. Empty counts as absent.
pub(super) fn key_of(query: &str, headers: &HeaderMap) -> Option<String> {
    let from_query = query::decoded(query, "apikey").map(|key| key.into_owned());
    let from_header = || Some(headers.get("apikey")?.to_str().ok()?.trim().to_owned());
    let from_bearer = || {
        let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, key) = value.split_once(' ')?;
        scheme
            .eq_ignore_ascii_case("bearer")
            .then(|| key.trim().to_owned())
    };
    let present = |key: &String| !key.is_empty();
    from_query
        .filter(present)
        .or_else(|| from_header().filter(present))
        .or_else(|| from_bearer().filter(present))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_then_header_then_bearer() {
        let mut headers = HeaderMap::new();
        assert_eq!(key_of("EIO=4", &headers), None);
        headers.insert(header::AUTHORIZATION, "bearer C".parse().unwrap());
        assert_eq!(key_of("EIO=4", &headers).as_deref(), Some("C"));
        headers.insert("apikey", "B".parse().unwrap());
        assert_eq!(key_of("apikey=", &headers).as_deref(), Some("B"));
        assert_eq!(key_of("apikey=A%20", &headers).as_deref(), Some("A "));
    }
}

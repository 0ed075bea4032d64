use std::net::IpAddr;
use std::str::FromStr;

use http::HeaderMap;
use ipnet::IpNet;

/// Peers that need no key: addresses, networks, or everybody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedHosts {
    everybody: bool,
    networks: Vec<IpNet>,
}

/// An entry that is neither an address, nor a network, nor `*`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an IP address, a network such as 10.0.0.0/8, or `*`")]
pub struct InvalidHost(pub String);

/// Headers by which a proxy says that it speaks for somebody else.
const FORWARDED: [&str; 3] = ["x-forwarded-for", "forwarded", "x-real-ip"];

impl AllowedHosts {
    /// Reads entries as they are configured; empty ones are skipped.
    ///
    /// # Errors
    /// Names the first entry that cannot be understood.
    pub fn parse<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidHost> {
        let mut hosts = Self::default();
        for entry in entries
            .into_iter()
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
        {
            if entry == "*" {
                hosts.everybody = true;
                continue;
            }
            let network = IpNet::from_str(entry)
                .or_else(|_| {
                    IpAddr::from_str(entry).map(|address| IpNet::from(address.to_canonical()))
                })
                .map_err(|_| InvalidHost(entry.to_owned()))?;
            hosts.networks.push(network);
        }
        Ok(hosts)
    }

    /// Whether `*` is among the entries, which deserves a warning at start.
    #[must_use]
    pub fn is_everybody(&self) -> bool {
        self.everybody
    }

    /// Whether this request needs no key. Decided on the real TCP peer, and never for a request that came through a
    /// proxy: behind an NGINX on the same machine everybody would be local.
    pub(super) fn exempt(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> bool {
        if FORWARDED.iter().any(|name| headers.contains_key(*name)) {
            return false;
        }
        if self.everybody {
            return true;
        }
        let Some(peer) = peer.map(|peer| peer.to_canonical()) else {
            return false;
        };
        self.networks.iter().any(|network| network.contains(&peer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exempt(entries: &str, peer: &str, headers: &HeaderMap) -> bool {
        AllowedHosts::parse(entries.split(','))
            .unwrap()
            .exempt(Some(peer.parse().unwrap()), headers)
    }

    #[test]
    fn decides_on_the_peer() {
        let none = HeaderMap::new();
        assert!(exempt("127.0.0.1, 10.0.0.0/8", "127.0.0.1", &none));
        assert!(exempt("127.0.0.1", "::ffff:127.0.0.1", &none));
        assert!(exempt("::ffff:127.0.0.1", "127.0.0.1", &none));
        assert!(exempt("10.0.0.0/8", "10.9.8.7", &none));
        assert!(!exempt("10.0.0.0/8", "11.9.8.7", &none));
        assert!(exempt("*", "203.0.113.9", &none));
        assert!(!exempt("", "127.0.0.1", &none));
    }

    #[test]
    fn nobody_behind_a_proxy_is_exempt() {
        for name in FORWARDED {
            let mut headers = HeaderMap::new();
            headers.insert(name, "127.0.0.1".parse().unwrap());
            assert!(!exempt("127.0.0.1", "127.0.0.1", &headers));
            assert!(!exempt("*", "127.0.0.1", &headers));
        }
    }

    #[test]
    fn a_wrong_entry_is_named() {
        assert_eq!(
            AllowedHosts::parse(["localhost"]),
            Err(InvalidHost("localhost".to_owned()))
        );
    }
}

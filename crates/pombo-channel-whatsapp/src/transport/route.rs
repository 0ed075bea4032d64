//! A proxy as users write it, checked.

use std::fmt;

use pombo_domain::channel::ChannelError;
use pombo_domain::proxy::Proxy;

/// How to talk to a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speech {
    /// `CONNECT` over TCP.
    Http,
    /// `CONNECT` over TLS.
    Https,
    /// SOCKS 4, with names resolved by the proxy (4a).
    Socks4,
    /// SOCKS 5, with names resolved by the proxy.
    Socks5,
}

/// The way through a proxy.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) speech: Speech,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// User and password.
    pub(crate) login: Option<(String, String)>,
}

impl fmt::Debug for Route {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?} {}:{}", self.speech, self.host, self.port)
    }
}

impl Route {
    /// The way through this proxy; `None` when it is switched off.
    pub(crate) fn of(proxy: &Proxy) -> Result<Option<Self>, ChannelError> {
        if !proxy.enabled {
            return Ok(None);
        }
        let invalid = |what: &str| ChannelError::Invalid(format!("the proxy has no valid {what}"));
        let speech = match proxy
            .protocol
            .trim()
            .trim_end_matches("://")
            .to_ascii_lowercase()
            .as_str()
        {
            "http" => Speech::Http,
            "https" => Speech::Https,
            "socks4" | "socks4a" => Speech::Socks4,
            // `socks` is what the original's agent calls it.
            "socks" | "socks5" | "socks5h" => Speech::Socks5,
            _ => return Err(invalid("protocol")),
        };
        let host = proxy.host.trim().trim_matches(['[', ']']);
        let odd = |character: char| {
            character.is_whitespace() || character.is_control() || "/@?#".contains(character)
        };
        if host.is_empty() || host.contains(odd) {
            return Err(invalid("host"));
        }
        let port = proxy.port.trim().parse().ok().filter(|port| *port != 0);
        Ok(Some(Self {
            speech,
            host: host.to_owned(),
            port: port.ok_or_else(|| invalid("port"))?,
            login: (!proxy.username.is_empty())
                .then(|| (proxy.username.clone(), proxy.password.clone())),
        }))
    }
}

impl From<&Route> for pombo_net::OutboundProxy {
    fn from(route: &Route) -> Self {
        let scheme = match route.speech {
            Speech::Http => "http",
            Speech::Https => "https",
            Speech::Socks4 => "socks4a",
            Speech::Socks5 => "socks5h",
        };
        Self {
            scheme,
            host: route.host.clone(),
            port: route.port,
            login: route.login.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(protocol: &str, host: &str, port: &str) -> Proxy {
        Proxy {
            enabled: true,
            protocol: protocol.to_owned(),
            host: host.to_owned(),
            port: port.to_owned(),
            username: "ana".to_owned(),
            password: "secret".to_owned(),
        }
    }

    #[test]
    fn a_proxy_is_checked() {
        let route = Route::of(&proxy("SOCKS5", "[::1]", " 1080"))
            .expect("valid")
            .expect("on");
        assert_eq!(
            (route.speech, route.host.as_str(), route.port),
            (Speech::Socks5, "::1", 1080)
        );
        assert!(!format!("{route:?}").contains("secret"));
        for (protocol, host, port) in [
            ("ftp", "h", "1"),
            ("http", "", "1"),
            ("http", "a b", "1"),
            ("http", "h@x", "1"),
            ("http", "h", "0"),
            ("http", "h", "70000"),
        ] {
            assert!(
                Route::of(&proxy(protocol, host, port)).is_err(),
                "{protocol} {host} {port}"
            );
        }
        let off = Proxy {
            enabled: false,
            ..proxy("ftp", "", "")
        };
        assert_eq!(Route::of(&off).expect("off"), None);
    }
}

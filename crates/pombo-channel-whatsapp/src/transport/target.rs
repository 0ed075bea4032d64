//! Where connections go: to WhatsApp, or, in a sandbox, to a simulator on this machine and nowhere else.

use pombo_domain::channel::ChannelError;
#[cfg(not(feature = "sandbox"))]
use wacore::net::WHATSAPP_WEB_WS_URL;

/// Where connections go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    url: String,
    host: String,
    port: u16,
    tls: bool,
}

#[cfg(not(feature = "sandbox"))]
impl Target {
    /// WhatsApp. This build knows no other.
    pub(crate) fn new(simulator: Option<&str>) -> Result<Self, ChannelError> {
        if simulator.is_some() {
            return Err(ChannelError::Invalid(
                "this build talks to WhatsApp only; a simulator needs one with the feature `sandbox`"
                    .to_owned(),
            ));
        }
        Ok(Self {
            url: WHATSAPP_WEB_WS_URL.to_owned(),
            host: "web.whatsapp.com".to_owned(),
            port: 443,
            tls: true,
        })
    }

    pub(crate) const fn is_whatsapp(&self) -> bool {
        true
    }

    /// Where a file really is: media travels by HTTPS only.
    pub(crate) fn media_url(&self, url: &str) -> Result<String, Elsewhere> {
        if url.starts_with("https://") {
            Ok(url.to_owned())
        } else {
            Err(Elsewhere)
        }
    }
}

#[cfg(feature = "sandbox")]
impl Target {
    /// The simulator. This build does not check who WhatsApp is, so it goes to this machine's own addresses only.
    pub(crate) fn new(simulator: Option<&str>) -> Result<Self, ChannelError> {
        let invalid = |text: &str| ChannelError::Invalid(text.to_owned());
        let url = simulator.ok_or_else(|| {
            invalid("a build with the feature `sandbox` talks to a simulator only: set POMBO_SIMULATOR_URL")
        })?;
        let uri: http::Uri = url
            .parse()
            .map_err(|_| invalid("POMBO_SIMULATOR_URL is not a URL"))?;
        if uri.scheme_str() != Some("ws") {
            return Err(invalid("POMBO_SIMULATOR_URL must begin with ws://"));
        }
        let host = uri
            .host()
            .unwrap_or_default()
            .trim_matches(['[', ']'])
            .to_owned();
        if !is_this_machine(&host) {
            return Err(invalid(
                "a build with the feature `sandbox` connects to a loopback address only",
            ));
        }
        Ok(Self {
            url: url.to_owned(),
            host,
            port: uri.port_u16().unwrap_or(80),
            tls: false,
        })
    }

    pub(crate) const fn is_whatsapp(&self) -> bool {
        false
    }

    /// Where a file really is: the simulator's media is on this machine, without TLS.
    pub(crate) fn media_url(&self, url: &str) -> Result<String, Elsewhere> {
        let uri: http::Uri = url.parse().map_err(|_| Elsewhere)?;
        let authority = uri.authority().ok_or(Elsewhere)?;
        if !is_this_machine(authority.host().trim_matches(['[', ']'])) {
            return Err(Elsewhere);
        }
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(format!("http://{authority}{path}"))
    }
}

/// The address is not one that this build goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this build does not fetch files from there")]
pub(crate) struct Elsewhere;

impl Target {
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    pub(crate) const fn tls(&self) -> bool {
        self.tls
    }
}

#[cfg(feature = "sandbox")]
fn is_this_machine(host: &str) -> bool {
    // A name could be anywhere tomorrow; only this one is fixed to this machine.
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(all(test, feature = "sandbox"))]
mod tests {
    use super::*;

    #[test]
    fn a_sandbox_goes_to_this_machine_and_nowhere_else() {
        let target = Target::new(Some("ws://127.0.0.1:4321/ws/chat")).expect("this machine");
        assert_eq!(
            (target.host(), target.port(), target.tls()),
            ("127.0.0.1", 4321, false)
        );
        assert!(Target::new(Some("ws://[::1]:1/")).is_ok());
        for elsewhere in [
            None,
            Some("wss://web.whatsapp.com/ws/chat"),
            Some("ws://web.whatsapp.com/ws/chat"),
            Some("ws://10.0.0.1:80/"),
            Some("ws://0.0.0.0:80/"),
            Some("ws://localhost.example:80/"),
            Some("ws://127.0.0.1.example:80/"),
            Some("wss://127.0.0.1:80/"),
            Some("not a url"),
        ] {
            assert!(Target::new(elsewhere).is_err(), "{elsewhere:?}");
        }
    }

    #[test]
    fn a_sandbox_fetches_files_from_this_machine_and_nowhere_else() {
        let target = Target::new(Some("ws://127.0.0.1:4321/")).expect("this machine");
        assert_eq!(
            target
                .media_url("https://127.0.0.1:99/mms/image/x?auth=a")
                .as_deref(),
            Ok("http://127.0.0.1:99/mms/image/x?auth=a")
        );
        for elsewhere in [
            "https://mmg.whatsapp.net/x",
            "https://127.0.0.1@example.com/x",
            "https://8.8.8.8/x",
            "x",
        ] {
            assert_eq!(target.media_url(elsewhere), Err(Elsewhere), "{elsewhere}");
        }
    }
}

#[cfg(all(test, not(feature = "sandbox")))]
mod tests {
    use super::*;

    #[test]
    fn without_the_sandbox_there_is_only_whatsapp_and_only_with_tls() {
        assert!(Target::new(Some("ws://127.0.0.1:1/")).is_err());
        let target = Target::new(None).expect("WhatsApp");
        assert!(target.tls() && target.url().starts_with("wss://"));
        assert_eq!(target.media_url("http://127.0.0.1/x"), Err(Elsewhere));
    }
}

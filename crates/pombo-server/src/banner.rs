//! What a person sees when the program starts.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;

/// What `--version` and the banner say.
#[cfg(not(feature = "sandbox"))]
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// What `--version` and the banner say.
#[cfg(feature = "sandbox")]
pub const VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " (sandbox build: reaches a simulator on this machine, never WhatsApp)"
);

/// Where the API key in use comes from.
#[derive(Debug, Clone, Copy)]
pub enum KeyOrigin<'a> {
    /// From `AUTHENTICATION_API_KEY`: not shown.
    Environment,
    /// Made by us: shown, with the file that holds it.
    Generated {
        /// The key.
        key: &'a str,
        /// The file.
        file: &'a Path,
    },
}

/// The lines to print once requests are answered. The last one is the URL, which scripts may wait for.
#[must_use]
pub fn ready(
    address: SocketAddr,
    tls: bool,
    database: &str,
    instances: usize,
    key: KeyOrigin<'_>,
) -> String {
    let scheme = if tls { "https" } else { "http" };
    // A wildcard is no address to click on.
    let host = if address.ip().is_unspecified() {
        format!("localhost:{}", address.port())
    } else {
        address.to_string()
    };
    let mut text = String::new();
    let key = match key {
        KeyOrigin::Environment => "from AUTHENTICATION_API_KEY".to_owned(),
        KeyOrigin::Generated { key, file } => {
            format!("{key}   (made for you, kept in {})", file.display())
        }
    };
    let lines = writeln!(text, "API key:   {key}")
        .and_then(|()| writeln!(text, "Database:  {database}, {instances} instances"))
        .and_then(|()| write!(text, "Pombo {VERSION} is ready: {scheme}://{host}"));
    debug_assert!(lines.is_ok(), "writing to a String cannot fail");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_the_environment_is_not_shown() {
        let text = ready(
            "127.0.0.1:80".parse().unwrap(),
            false,
            "SQLite",
            2,
            KeyOrigin::Environment,
        );
        assert!(text.ends_with("is ready: http://127.0.0.1:80"), "{text}");
        assert!(text.contains("AUTHENTICATION_API_KEY"));
    }

    #[test]
    fn a_sandbox_build_says_so_and_no_other_does() {
        let text = ready(
            "127.0.0.1:80".parse().unwrap(),
            false,
            "SQLite",
            0,
            KeyOrigin::Environment,
        );
        assert_eq!(text.contains("sandbox build"), cfg!(feature = "sandbox"));
    }

    #[test]
    fn a_wildcard_address_becomes_one_to_click_on() {
        let key = KeyOrigin::Generated {
            key: "abc",
            file: Path::new("data/api-key"),
        };
        let text = ready("0.0.0.0:8080".parse().unwrap(), true, "SQLite", 0, key);
        assert!(text.ends_with("https://localhost:8080"), "{text}");
        assert!(text.contains("abc"));
    }
}

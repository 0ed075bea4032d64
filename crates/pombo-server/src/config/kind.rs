use std::{net::IpAddr, path::PathBuf, time::Duration};

use http::Method;
use secrecy::SecretString;
use url::Url;

use super::{
    addresses::AddressList,
    cors::Origins,
    mask::{MASK, mask_uri},
    parse,
};

/// The key that the original uses when none is set: it is public.
const PUBLIC_DEFAULT_KEY: &str = "BQYHJGJHJ";

/// What a variable may hold. It decides how its text is read, shown, and described.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// `true`, `1`, `yes`, `on` or their opposites, in any case.
    Boolean,
    /// A whole number from `min` to `max`.
    Integer {
        /// The smallest.
        min: u64,
        /// The largest.
        max: u64,
    },
    /// A decimal number from 0 to 1.
    Fraction,
    /// Any text.
    Text,
    /// Any text that nobody may see.
    Secret,
    /// The global API key: visible ASCII, not the public default of the original.
    ApiKey,
    /// An address with a password in it; its scheme is one of these (any, when there are none).
    SecretUri(&'static [&'static str]),
    /// An `http` or `https` address.
    HttpUrl,
    /// Where a simulator of WhatsApp listens: `ws://`, and an address of this machine. Only a build with the feature
    /// `sandbox` can use it.
    Simulator,
    /// One of these words, in any case.
    Word(&'static [&'static str]),
    /// Some of these words, in any case.
    Words(&'static [&'static str]),
    /// Texts between commas.
    List,
    /// HTTP methods between commas.
    Methods,
    /// HTTP status codes between commas.
    StatusCodes,
    /// Web origins between commas, or `*`.
    Origins,
    /// One IP address.
    Address,
    /// IP addresses and ranges between commas; `*` for all, where that is allowed.
    Addresses {
        /// Whether `*` is allowed.
        wildcard: bool,
    },
    /// A file or folder.
    Path,
    /// A time within bounds given in seconds: `90`, `90s`, `5m`, `72h`.
    Duration {
        /// The shortest.
        min: u64,
        /// The longest.
        max: u64,
    },
    /// A number of bytes: `1048576`, `64MiB`.
    Size {
        /// The smallest.
        min: u64,
        /// The largest.
        max: u64,
    },
    /// A CSS colour: `#198754`.
    Colour,
    /// A boolean, or a number of minutes from 2.
    Minutes,
}

/// A text that was read according to its [`Kind`].
#[derive(Debug, Clone)]
pub(super) enum Value {
    Boolean(bool),
    Integer(u64),
    Fraction(f64),
    Text(String),
    Secret(SecretString),
    Words(Vec<&'static str>),
    List(Vec<String>),
    Methods(Vec<Method>),
    StatusCodes(Vec<u16>),
    Origins(Origins),
    Address(IpAddr),
    Addresses(AddressList),
    Path(PathBuf),
    Duration(Duration),
    Minutes(Option<Duration>),
}

impl Kind {
    /// Reads a text. `Err` says what would be accepted.
    pub(super) fn parse(&self, text: &str) -> Result<Value, String> {
        let read = match self {
            Self::Boolean => parse::boolean(text).map(Value::Boolean),
            Self::Integer { min, max } => parse::integer(text, *min, *max).map(Value::Integer),
            Self::Fraction => parse::fraction(text).map(Value::Fraction),
            Self::Text => Some(Value::Text(text.to_owned())),
            Self::Secret => Some(Value::Secret(text.into())),
            Self::ApiKey if text == PUBLIC_DEFAULT_KEY => {
                return Err("a key of your own, since this is the public default key of the original that everybody \
                            knows (unset it, and a random key is made)"
                    .to_owned());
            }
            Self::ApiKey => text
                .bytes()
                .all(|byte| byte.is_ascii_graphic())
                .then(|| Value::Secret(text.into())),
            Self::SecretUri([]) => Some(Value::Secret(text.into())),
            Self::SecretUri(schemes) => Url::parse(text)
                .ok()
                .filter(|url| text.contains("://") && schemes.contains(&url.scheme()))
                .map(|_| Value::Secret(text.into())),
            // Kept as written: parsing would add a slash to a bare host.
            Self::HttpUrl => parse::http_url(text).map(|_| Value::Text(text.to_owned())),
            Self::Simulator if !cfg!(feature = "sandbox") => {
                return Err("nothing: this build reaches WhatsApp itself and no simulator; that needs a build with the \
                            cargo feature `sandbox`"
                    .to_owned());
            }
            Self::Simulator => parse::simulator_url(text).map(|_| Value::Text(text.to_owned())),
            Self::Word(words) => word(words, text).map(|word| Value::Words(vec![word])),
            Self::Words(words) => parse::list(text)
                .into_iter()
                .map(|item| word(words, item))
                .collect::<Option<_>>()
                .map(Value::Words),
            Self::List => Some(Value::List(
                parse::list(text).into_iter().map(str::to_owned).collect(),
            )),
            Self::Methods => parse::list(text)
                .into_iter()
                .map(method)
                .collect::<Option<_>>()
                .map(Value::Methods),
            Self::StatusCodes => parse::list(text)
                .into_iter()
                .map(|item| {
                    parse::integer(item, 100, 599).and_then(|code| u16::try_from(code).ok())
                })
                .collect::<Option<_>>()
                .map(Value::StatusCodes),
            Self::Origins => match Origins::parse(text) {
                Ok(origins) => Some(Value::Origins(origins)),
                Err(item) => return Err(format!("{}; `{item}` can never be one", self.accepted())),
            },
            Self::Address => text
                .trim_matches(['[', ']'])
                .parse()
                .ok()
                .map(Value::Address),
            Self::Addresses { wildcard } => {
                AddressList::parse(text, *wildcard).map(Value::Addresses)
            }
            Self::Path => Some(Value::Path(text.into())),
            Self::Duration { min, max } => parse::duration(text)
                .filter(|time| {
                    (Duration::from_secs(*min)..=Duration::from_secs(*max)).contains(time)
                })
                .map(Value::Duration),
            Self::Size { min, max } => parse::size(text)
                .filter(|bytes| (min..=max).contains(&bytes))
                .map(Value::Integer),
            Self::Colour => parse::colour(text).map(|colour| Value::Text(colour.to_owned())),
            Self::Minutes => parse::deletion(text).map(Value::Minutes),
        };
        read.ok_or_else(|| self.accepted())
    }

    /// What is accepted, as the end of a sentence.
    pub fn accepted(&self) -> String {
        match self {
            Self::Boolean => "`true` or `false` (also 1/0, yes/no, on/off)".to_owned(),
            Self::Integer { min, max: u64::MAX } => format!("a whole number from {min}"),
            Self::Integer { min, max } => format!("a whole number from {min} to {max}"),
            Self::Fraction => "a number from 0 to 1, such as 0.2".to_owned(),
            Self::Text | Self::Secret | Self::SecretUri([]) => "a text".to_owned(),
            Self::ApiKey => "a text of visible ASCII characters without blanks".to_owned(),
            Self::SecretUri(schemes) => format!(
                "an address that begins with {}, with special characters in its password percent-encoded",
                alternatives(schemes.iter().map(|scheme| format!("`{scheme}://`")))
            ),
            Self::HttpUrl => "an address that begins with `http://` or `https://`".to_owned(),
            Self::Simulator => {
                "an address such as `ws://127.0.0.1:28617/ws/chat`: `ws://`, and a loopback address in digits".to_owned()
            }
            Self::Word(words) => alternatives(words.iter().map(|word| format!("`{word}`"))),
            Self::Words(words) => format!("a list of {}", words.join(", ")),
            Self::List => "a list separated by commas".to_owned(),
            Self::Methods => "a list of HTTP methods separated by commas".to_owned(),
            Self::StatusCodes => "a list of HTTP status codes separated by commas".to_owned(),
            Self::Origins => {
                "a list of origins such as `https://a.test` (scheme and host, no path) or hosts, or `*`".to_owned()
            }
            Self::Address => "an IP address".to_owned(),
            Self::Addresses { wildcard: false } => {
                "a list of IP addresses and ranges such as `10.0.0.0/8`".to_owned()
            }
            Self::Addresses { wildcard: true } => {
                "a list of IP addresses and ranges such as `10.0.0.0/8`, or `*`".to_owned()
            }
            Self::Path => "a path".to_owned(),
            Self::Duration { min, max } => format!(
                "a time such as `90`, `90s`, `5m` or `72h`, from {} to {}",
                in_words(*min),
                in_words(*max)
            ),
            Self::Size { min, max } => format!("a size such as `1048576` or `64MiB`, from {min} to {max} bytes"),
            Self::Colour => "a colour such as `#198754`".to_owned(),
            Self::Minutes => "`false`, or a number of minutes from 2".to_owned(),
        }
    }

    /// Whether its text must not be shown.
    pub const fn is_secret(&self) -> bool {
        matches!(self, Self::Secret | Self::ApiKey | Self::SecretUri(_))
    }

    /// The text as it may be shown.
    pub fn masked(&self, text: &str) -> String {
        match self {
            Self::Secret | Self::ApiKey => MASK.to_owned(),
            Self::SecretUri(_) | Self::HttpUrl if text.contains("://") => mask_uri(text),
            Self::SecretUri(_) => MASK.to_owned(),
            _ => text.to_owned(),
        }
    }
}

fn word(words: &'static [&'static str], text: &str) -> Option<&'static str> {
    words
        .iter()
        .copied()
        .find(|word| word.eq_ignore_ascii_case(text))
}

fn method(text: &str) -> Option<Method> {
    Method::from_bytes(text.to_ascii_uppercase().as_bytes()).ok()
}

fn alternatives(words: impl Iterator<Item = String>) -> String {
    let mut words: Vec<String> = words.collect();
    match words.pop() {
        Some(last) if words.is_empty() => last,
        Some(last) => format!("{} or {last}", words.join(", ")),
        None => String::new(),
    }
}

fn in_words(seconds: u64) -> String {
    match seconds {
        0 => "0".to_owned(),
        days if days % 86_400 == 0 => format!("{}d", days / 86_400),
        hours if hours % 3600 == 0 => format!("{}h", hours / 3600),
        minutes if minutes % 60 == 0 => format!("{}m", minutes / 60),
        seconds => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::env;

    #[test]
    fn the_public_key_of_the_original_is_refused_and_says_why() {
        let accepted = Kind::ApiKey.parse("BQYHJGJHJ").unwrap_err();
        assert!(accepted.contains("public default key"), "{accepted}");
        assert!(Kind::ApiKey.parse("two words").is_err());
        assert!(Kind::ApiKey.parse("429683C4").is_ok());
    }

    #[test]
    fn addresses_of_the_wrong_kind_are_refused() {
        let kind = Kind::SecretUri(&["postgresql", "postgres"]);
        assert!(kind.parse("postgresql://u:p@h/d").is_ok());
        for text in [
            "mysql://u:p@h/d",
            "postgresql:x",
            "h:5432/d",
            "postgresql://u:p/w@h/d",
        ] {
            let accepted = kind.parse(text).unwrap_err();
            assert!(
                accepted.contains("`postgresql://` or `postgres://`"),
                "{accepted}"
            );
        }
    }

    #[cfg(feature = "sandbox")]
    #[test]
    fn a_simulator_is_on_this_machine() {
        for text in [
            "ws://127.0.0.1:28617/ws/chat",
            "ws://127.8.9.1:1/ws/chat",
            "ws://[::1]:28617/ws/chat",
        ] {
            assert!(Kind::Simulator.parse(text).is_ok(), "{text}");
        }
        for text in [
            "wss://127.0.0.1/ws/chat",
            "http://127.0.0.1/ws/chat",
            "ws://192.0.2.1/ws/chat",
            "ws://0.0.0.0/ws/chat",
            "ws://web.whatsapp.com/ws/chat",
            "ws://localhost/ws/chat",
            "ws://127.0.0.1.example.com/ws/chat",
            "ws://user@127.0.0.1/ws/chat",
            "127.0.0.1:28617",
        ] {
            let accepted = Kind::Simulator.parse(text).unwrap_err();
            assert!(accepted.contains("loopback"), "{text}: {accepted}");
        }
    }

    #[cfg(not(feature = "sandbox"))]
    #[test]
    fn a_build_without_the_feature_refuses_every_simulator_and_says_why() {
        let accepted = Kind::Simulator
            .parse("ws://127.0.0.1:28617/ws/chat")
            .unwrap_err();
        assert!(accepted.contains("cargo feature `sandbox`"), "{accepted}");
    }

    #[test]
    fn words_come_back_as_they_are_documented() {
        let Value::Words(words) = Kind::Words(&["ERROR", "WARN"])
            .parse("warn, Error")
            .unwrap()
        else {
            panic!()
        };
        assert_eq!(words, ["WARN", "ERROR"]);
        assert!(Kind::Words(&["ERROR"]).parse("ERROR,LOUD").is_err());
        assert_eq!(
            Kind::Word(&["http", "https"]).parse("ftp").unwrap_err(),
            "`http` or `https`"
        );
    }

    #[test]
    fn bounds_are_said_in_words() {
        assert!(
            Kind::Duration {
                min: 0,
                max: 259_200
            }
            .accepted()
            .ends_with("from 0 to 3d")
        );
        assert!(Kind::Duration { min: 0, max: 60 }.parse("61s").is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_any_variable_panic(text in any::<String>()) {
            for variable in env::variables() {
                drop(variable.kind.parse(&text));
                drop(variable.kind.masked(&text));
            }
        }
    }
}

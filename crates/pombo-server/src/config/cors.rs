use http::Method;
use url::Url;

use super::{env, reader::Reader};

/// Which pages of other origins may call us from a browser. Source: `CORS_*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorsConfig {
    /// The allowed origins.
    pub origins: Origins,
    /// The value of `Access-Control-Allow-Methods`.
    pub methods: Vec<Method>,
    /// Whether a browser may send cookies and credentials along.
    pub credentials: bool,
}

impl CorsConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            origins: reader.origins(&env::CORS_ORIGIN),
            methods: reader.methods(&env::CORS_METHODS),
            credentials: reader.flag(&env::CORS_CREDENTIALS),
        }
    }
}

/// The origins that `CORS_ORIGIN` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origins {
    /// `*` is in the list.
    Any,
    /// Exactly these, written as a browser writes them in `Origin`.
    Only(Vec<String>),
}

impl Origins {
    /// Whether a browser that sends this `Origin` header may read our answers.
    pub fn allows(&self, origin: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Only(list) => list.iter().any(|allowed| allowed == origin),
        }
    }

    /// Reads the list. `Err` holds the item that can never be an origin.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let items = super::parse::list(text);
        if items.contains(&"*") {
            return Ok(Self::Any);
        }
        let mut list = Vec::new();
        for item in items {
            for origin in normalised(item).ok_or_else(|| item.to_owned())? {
                if !list.contains(&origin) {
                    list.push(origin);
                }
            }
        }
        Ok(Self::Only(list))
    }
}

/// An item as browsers write it: host in lower case, no default port, no slash at the end. A host without a scheme
/// stands for both schemes.
fn normalised(item: &str) -> Option<Vec<String>> {
    if item == "null" {
        return Some(vec![item.to_owned()]);
    }
    if !item.contains("://") {
        return Some(vec![
            web(&format!("http://{item}"))?,
            web(&format!("https://{item}"))?,
        ]);
    }
    let (scheme, host) = item.trim_end_matches('/').split_once("://")?;
    if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") {
        return Some(vec![web(item)?]);
    }
    // The origins of apps and browser extensions (`capacitor://localhost`) are compared as they are.
    let fits = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'/')
    };
    (fits(scheme) && fits(host)).then(|| vec![format!("{}://{host}", scheme.to_ascii_lowercase())])
}

fn web(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let bare = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    (bare && !text.contains('*')).then(|| url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn list(text: &str) -> Vec<String> {
        match Origins::parse(text).unwrap() {
            Origins::Only(list) => list,
            Origins::Any => panic!("{text} allows everybody"),
        }
    }

    #[test]
    fn a_star_anywhere_opens_all() {
        for text in ["*", " * ", "https://a.test, *"] {
            let origins = Origins::parse(text).unwrap();
            assert_eq!(origins, Origins::Any, "{text}");
            assert!(origins.allows("https://anything.test"));
        }
    }

    #[test]
    fn items_become_what_browsers_send() {
        assert_eq!(
            list("https://a.test, https://b.test/ ,"),
            ["https://a.test", "https://b.test"]
        );
        assert_eq!(
            list("HTTPS://A.test:443,https://a.test"),
            ["https://a.test"]
        );
        assert_eq!(list("a.test"), ["http://a.test", "https://a.test"]);
        assert_eq!(
            list("localhost:3000"),
            ["http://localhost:3000", "https://localhost:3000"]
        );
        assert_eq!(
            list("null,capacitor://localhost/"),
            ["null", "capacitor://localhost"]
        );
        assert_eq!(list("http://bücher.test"), ["http://xn--bcher-kva.test"]);
    }

    #[test]
    fn only_listed_origins_are_allowed() {
        let origins = Origins::parse("https://a.test, b.test").unwrap();
        assert!(origins.allows("https://a.test") && origins.allows("http://b.test"));
        for other in [
            "http://a.test",
            "https://a.test:8443",
            "https://a.test.evil.test",
            "null",
            "",
        ] {
            assert!(!origins.allows(other), "{other}");
        }
    }

    #[test]
    fn what_can_never_match_is_named() {
        for text in [
            "https://a.test/app",
            "*.a.test",
            "https://*.a.test",
            "https://",
            "a b",
            "https://u@a.test",
        ] {
            assert_eq!(Origins::parse(text), Err(text.to_owned()));
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>(), origin in any::<String>()) {
            if let Ok(origins) = Origins::parse(&text) {
                origins.allows(&origin);
            }
        }

        #[test]
        fn never_panics_on_what_looks_like_origins(text in "(https?|[a-z*.@:/,\\[\\]#? ]|://){0,20}") {
            drop(Origins::parse(&text));
        }
    }
}

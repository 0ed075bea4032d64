use linkify::{LinkFinder, LinkKind};

/// A link in a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Link {
    /// As it stands there.
    pub(super) matched: String,
    /// With its scheme.
    pub(super) url: String,
}

/// The first web address. Without a scheme it must begin with `www.`: most words around a dot are typing errors.
pub(super) fn first(text: &str) -> Option<Link> {
    let mut finder = LinkFinder::new();
    finder.kinds(&[LinkKind::Url]).url_must_have_scheme(false);
    finder.links(text).find_map(|link| {
        let matched = link.as_str();
        let lower = matched.to_ascii_lowercase();
        let url = if lower.starts_with("https://") || lower.starts_with("http://") {
            matched.to_owned()
        } else if lower.starts_with("www.") {
            format!("https://{matched}")
        } else {
            return None;
        };
        Some(Link {
            matched: matched.to_owned(),
            url,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_link_is_found_without_what_stands_around_it() {
        for (text, matched, url) in [
            (
                "see https://a.test/x?y=1.",
                "https://a.test/x?y=1",
                "https://a.test/x?y=1",
            ),
            (
                "(http://a.test/b_(c))",
                "http://a.test/b_(c)",
                "http://a.test/b_(c)",
            ),
            (
                "olá WWW.a.test/ç ok",
                "WWW.a.test/ç",
                "https://WWW.a.test/ç",
            ),
            (
                "ok.then https://b.test, https://c.test",
                "https://b.test",
                "https://b.test",
            ),
            (
                "me@a.test or HTTPS://d.test",
                "HTTPS://d.test",
                "HTTPS://d.test",
            ),
        ] {
            let link = first(text).unwrap();
            assert_eq!((link.matched.as_str(), link.url.as_str()), (matched, url));
        }
    }

    #[test]
    fn other_texts_have_none() {
        for text in [
            "",
            "no link",
            "ok.then",
            "me@a.test",
            "ftp://a.test/x",
            "javascript:alert(1)",
        ] {
            assert_eq!(first(text), None, "{text}");
        }
    }
}

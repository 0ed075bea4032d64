//! Where a file comes from, as users write it.

use std::sync::Arc;

use pombo_domain::message::MediaSource;
use url::Url;

use crate::extract::Upload;

/// A file's source, and its type when the source itself names one.
#[derive(Debug)]
pub(in crate::routes) struct Source {
    pub(in crate::routes) source: MediaSource,
    pub(in crate::routes) mimetype: Option<String>,
}

impl Source {
    /// An uploaded file, else a URL, a data URI, or base64 with or without padding. `None` when it is none of these.
    pub(in crate::routes) fn read(text: Option<&str>, upload: Option<Upload>) -> Option<Self> {
        if let Some(Upload {
            file,
            mimetype,
            file_name,
        }) = upload
        {
            let source = MediaSource::Upload {
                file,
                mimetype: mimetype.clone(),
                file_name,
            };
            return Some(Self { source, mimetype });
        }
        let text = text?.trim();
        if let Some(rest) = strip_prefix_ignoring_case(text, "data:") {
            let (head, data) = rest.split_once(',')?;
            let mimetype = head
                .strip_suffix(";base64")?
                .split(';')
                .next()
                .unwrap_or_default();
            let mimetype = Some(mimetype.to_owned()).filter(|mimetype| !mimetype.is_empty());
            return Some(Self {
                source: MediaSource::Base64(Arc::new(base64(data)?)),
                mimetype,
            });
        }
        if is_url(text) {
            return Some(Self {
                source: MediaSource::Url(text.to_owned()),
                mimetype: None,
            });
        }
        base64(text).map(|text| Self {
            source: MediaSource::Base64(Arc::new(text)),
            mimetype: None,
        })
    }
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix)
        .then(|| &text[prefix.len()..])
}

/// With a scheme: any host, private ones too (the outbound policy decides later). Without: a host with a dot, which base64
/// never has.
fn is_url(text: &str) -> bool {
    if text.contains(char::is_whitespace) {
        return false;
    }
    if let Some((scheme, _)) = text.split_once("://") {
        let web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
        return web && Url::parse(text).is_ok_and(|url| url.has_host());
    }
    let host = text.split(['/', '?', '#', ':']).next().unwrap_or_default();
    host.contains('.')
        && !host.starts_with('.')
        && !host.ends_with('.')
        && Url::parse(&format!("http://{text}")).is_ok_and(|url| url.has_host())
}

/// Standard base64 with padding completed and line breaks removed; `None` when it is not that, or empty.
fn base64(text: &str) -> Option<String> {
    let mut clean: String = if text.contains(['\r', '\n', '\t']) {
        text.chars()
            .filter(|c| !matches!(c, '\r' | '\n' | '\t'))
            .collect()
    } else {
        text.to_owned()
    };
    let data = clean.trim_end_matches('=');
    let padding = clean.len() - data.len();
    let proper = data
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
    if data.is_empty()
        || !proper
        || padding > 2
        || data.len() % 4 == 1
        || (padding > 0 && !clean.len().is_multiple_of(4))
    {
        return None;
    }
    while !clean.len().is_multiple_of(4) {
        clean.push('=');
    }
    Some(clean)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kind(text: &str) -> String {
        match Source::read(Some(text), None) {
            Some(Source {
                source: MediaSource::Url(_),
                ..
            }) => "url".to_owned(),
            Some(Source {
                source: MediaSource::Base64(text),
                mimetype,
            }) => {
                format!("base64 {text} {}", mimetype.unwrap_or_default())
            }
            Some(Source {
                source: MediaSource::Upload { .. },
                ..
            }) => "upload".to_owned(),
            None => "none".to_owned(),
        }
    }

    #[test]
    fn urls_with_any_host() {
        for url in [
            "https://example.com/a.png",
            "http://127.0.0.1:18098/a.pdf",
            "http://minio:9000/b/a.png?x=1",
            "http://localhost/a",
            "example.com/a.png",
            "HTTP://EXAMPLE.COM",
        ] {
            assert_eq!(kind(url), "url", "{url}");
        }
        for other in [
            "ftp://example.com/a",
            "http://",
            "https:// a",
            "file:///etc/passwd",
            ".",
        ] {
            assert_eq!(kind(other), "none", "{other}");
        }
    }

    #[test]
    fn base64_in_every_form() {
        assert_eq!(kind("iVBORw0KGg=="), "base64 iVBORw0KGg== ");
        assert_eq!(kind("iVBORw0KGg"), "base64 iVBORw0KGg== ");
        assert_eq!(kind("iVBO\r\nRw0KGg=="), "base64 iVBORw0KGg== ");
        assert_eq!(
            kind("data:image/png;base64,iVBORw0KGg=="),
            "base64 iVBORw0KGg== image/png"
        );
        assert_eq!(
            kind("data:audio/ogg; codecs=opus;base64,AAAA"),
            "base64 AAAA audio/ogg"
        );
        for other in [
            "",
            "  ",
            "zzz not",
            "iVBOR",
            "=",
            "a===",
            "data:image/png,xx",
            "data:image/png;base64,",
            "ab=c",
        ] {
            assert_eq!(kind(other), "none", "{other}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>()) {
            drop(Source::read(Some(&text), None));
        }
    }
}

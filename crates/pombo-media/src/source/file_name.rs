use percent_encoding::percent_decode_str;
use url::Url;

/// The longest name that is kept, in characters.
const LONGEST: usize = 200;

/// A name without folders and control characters; `None` when nothing is left.
pub(crate) fn clean(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let printable: String = last.chars().filter(|c| !c.is_control()).collect();
    let trimmed = printable.trim();
    if trimmed.chars().all(|c| c == '.') {
        return None;
    }
    if trimmed.chars().count() <= LONGEST {
        return Some(trimmed.to_owned());
    }
    // The extension matters more than the end of the name.
    let (stem, extension) = match trimmed.rsplit_once('.') {
        Some((stem, extension)) if extension.chars().count() < 16 => (stem, Some(extension)),
        _ => (trimmed, None),
    };
    let stem: String = stem.chars().take(LONGEST - 16).collect();
    Some(match extension {
        Some(extension) => format!("{stem}.{extension}"),
        None => stem,
    })
}

/// The last part of the URL's path.
pub(super) fn of_url(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let last = url.path_segments()?.next_back()?;
    clean(&percent_decode_str(last).decode_utf8_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_folders_and_control_characters() {
        assert_eq!(clean("a.pdf").as_deref(), Some("a.pdf"));
        assert_eq!(clean("../../etc/passwd").as_deref(), Some("passwd"));
        assert_eq!(
            clean("C:\\x\\relatório 1.pdf").as_deref(),
            Some("relatório 1.pdf")
        );
        assert_eq!(clean("a\r\nb.txt").as_deref(), Some("ab.txt"));
        for nothing in ["", " ", "a/", "..", "\0"] {
            assert_eq!(clean(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn long_names_keep_their_extension() {
        let name = clean(&format!("{}.pdf", "á".repeat(500))).unwrap();
        assert!(name.ends_with("á.pdf"));
        assert!(name.chars().count() <= LONGEST);
    }

    #[test]
    fn urls_end_in_names() {
        for (url, name) in [
            (
                "https://a.test/x/report%20final.pdf?sig=a/b",
                Some("report final.pdf"),
            ),
            ("https://a.test/x/", None),
            ("https://a.test", None),
            ("https://a.test/..%2f..%2fpasswd", Some("passwd")),
        ] {
            assert_eq!(of_url(url).as_deref(), name, "{url}");
        }
    }
}

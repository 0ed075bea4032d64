//! The name in a `Content-Disposition` (RFC 6266).

use percent_encoding::percent_decode;

use super::file_name::clean;

/// `filename*` when it can be read, else `filename`.
pub(super) fn file_name(header: &[u8]) -> Option<String> {
    let header = String::from_utf8_lossy(header);
    let mut plain = None;
    let mut rest = header.split_once(';')?.1;
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let (value, after) = value(after.trim_start());
        match name.trim().to_ascii_lowercase().as_str() {
            "filename*" => {
                if let Some(name) = extended(&value).as_deref().and_then(clean) {
                    return Some(name);
                }
            }
            "filename" => plain = plain.or_else(|| clean(&value)),
            _ => {}
        }
        rest = after;
    }
    plain
}

/// A token or a quoted text, and what comes after the next semicolon.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let (token, rest) = text.split_once(';').unwrap_or((text, ""));
        return (token.trim().to_owned(), rest);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => {
                let rest = &quoted[index + 1..];
                return (value, rest.split_once(';').map_or("", |(_, rest)| rest));
            }
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            character => value.push(character),
        }
    }
    (value, "")
}

/// `UTF-8'en'a%20b`.
fn extended(value: &str) -> Option<String> {
    let mut parts = value.splitn(3, '\'');
    let charset = parts.next()?;
    let encoded = parts.nth(1)?;
    let bytes: Vec<u8> = percent_decode(encoded.as_bytes()).collect();
    if charset.eq_ignore_ascii_case("utf-8") {
        return String::from_utf8(bytes).ok();
    }
    charset
        .eq_ignore_ascii_case("iso-8859-1")
        .then(|| bytes.into_iter().map(char::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_all_spellings() {
        for (header, name) in [
            ("attachment; filename=a.pdf", Some("a.pdf")),
            (
                "attachment; filename=\"a b;c.pdf\"; size=1",
                Some("a b;c.pdf"),
            ),
            (
                "inline; size=\"1;2\"; FileName=\"a \\\"b\\\".pdf\"",
                Some("a \"b\".pdf"),
            ),
            (
                "attachment; filename=\"x.pdf\"; filename*=UTF-8''relat%C3%B3rio.pdf",
                Some("relatório.pdf"),
            ),
            (
                "attachment; filename*=iso-8859-1'pt'relat%F3rio.pdf",
                Some("relatório.pdf"),
            ),
            (
                "attachment; filename*=utf-8''%ff; filename=x.pdf",
                Some("x.pdf"),
            ),
            ("attachment; filename=\"../../a.pdf\"", Some("a.pdf")),
            ("attachment; filename=\"a", Some("a")),
            ("attachment", None),
            ("attachment; ;", None),
            ("attachment; filename=", None),
        ] {
            assert_eq!(file_name(header.as_bytes()).as_deref(), name, "{header}");
        }
    }
}

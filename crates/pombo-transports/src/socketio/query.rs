//! The query string, read as Engine.IO reads it: the first of a name counts.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use pombo_domain::event::Seq;

use crate::replay::Start;

/// The value of the first parameter of that name, as it was written.
pub(super) fn raw<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// The same, percent-decoded. A `+` stays a `+`: keys may hold one, and none holds a space.
pub(super) fn decoded<'a>(query: &'a str, name: &str) -> Option<Cow<'a, str>> {
    raw(query, name).map(|value| percent_decode_str(value).decode_utf8_lossy())
}

/// Reads an offset as clients write it: a number, or `latest` for "tell me where I am".
pub(super) fn offset(text: &str) -> Result<Start, InvalidOffset> {
    let text = text.trim();
    if text.is_empty() || ["latest", "null", "undefined"].contains(&text) {
        return Ok(Start::Latest);
    }
    match text.parse::<Seq>() {
        Ok(seq) if seq >= 0 => Ok(Start::After(seq)),
        Ok(_) => Ok(Start::Latest),
        Err(_) => Err(InvalidOffset),
    }
}

/// Neither a number nor `latest`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct InvalidOffset;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_a_name_counts() {
        let query = "EIO=4&EIO=3&transport=polling&apikey=a%2Bb+c&x";
        assert_eq!(raw(query, "EIO"), Some("4"));
        assert_eq!(raw(query, "IO"), None);
        assert_eq!(raw(query, "x"), None);
        assert_eq!(decoded(query, "apikey").as_deref(), Some("a+b+c"));
    }

    #[test]
    fn offsets() {
        assert_eq!(offset("12"), Ok(Start::After(12)));
        assert_eq!(offset("0"), Ok(Start::After(0)));
        assert_eq!(offset("-1"), Ok(Start::Latest));
        assert_eq!(offset("latest"), Ok(Start::Latest));
        assert_eq!(offset("soon"), Err(InvalidOffset));
        assert_eq!(offset("1.5"), Err(InvalidOffset));
    }
}

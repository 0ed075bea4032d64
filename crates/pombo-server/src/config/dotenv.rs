use std::{iter::Peekable, str::CharIndices};

/// A line that is neither empty, a comment, nor `NAME=value`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadLine {
    pub(super) line: usize,
    pub(super) text: String,
}

/// Reads the text of a `.env` file, in order; of a name given twice, the later one counts.
///
/// The rules are those of the file format that the original reads, so that its files work unchanged: an `export` in
/// front is allowed, values may hold blanks (`CLIENT=Evolution API`) and end at a `#`, quotes (`'`, `"`, `` ` ``) keep
/// everything up to the closing one, line ends included, and only `"` knows `\n` and `\r`. Nothing is expanded: a `$`
/// in a password stays a `$`.
pub(super) fn parse(text: &str) -> Result<Vec<(String, String)>, BadLine> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut entries = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let line = rest.split('\n').next().unwrap_or_default();
        let content = line.trim();
        if content.is_empty() || content.starts_with('#') {
            at += line.len() + 1;
            continue;
        }
        let Some((name, value_offset)) = name(line) else {
            return Err(BadLine {
                line: text[..at].matches('\n').count() + 1,
                text: content
                    .split('=')
                    .next()
                    .unwrap_or_default()
                    .chars()
                    .take(40)
                    .collect(),
            });
        };
        let (value, used) = value(&rest[value_offset..]);
        entries.push((name.to_owned(), value));
        at += value_offset + used;
        // What follows a closing quote is a comment or nothing.
        at += text[at..].find('\n').map_or(text.len() - at, |end| end + 1);
    }
    Ok(entries)
}

/// The name before `=` (or `: `) and where its value begins.
fn name(line: &str) -> Option<(&str, usize)> {
    let separator = line.find(['=', ':'])?;
    if line[separator..].starts_with(':') && !line[separator + 1..].starts_with([' ', '\t']) {
        return None;
    }
    let name = line[..separator].trim();
    let name = match name.strip_prefix("export") {
        Some(rest) if rest.starts_with([' ', '\t']) => rest.trim_start(),
        _ => name,
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    (!name.is_empty() && name.chars().all(fits)).then_some((name, separator + 1))
}

/// The value and how many bytes it took.
fn value(rest: &str) -> (String, usize) {
    let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    let mut characters = rest[blanks..].char_indices().peekable();
    if let Some((_, quote @ ('\'' | '"' | '`'))) = characters.next()
        && let Some(end) = closing(&mut characters, quote)
    {
        let inside = &rest[blanks + 1..blanks + end];
        let value = match quote {
            '"' => inside.replace("\\n", "\n").replace("\\r", "\r"),
            _ => inside.to_owned(),
        };
        return (value, blanks + end + 1);
    }
    let end = rest.find(['#', '\n']).unwrap_or(rest.len());
    (rest[..end].trim().to_owned(), end)
}

/// Where the closing quote is; one behind a backslash does not close.
fn closing(characters: &mut Peekable<CharIndices<'_>>, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, character) in characters {
        if character == quote && !escaped {
            return Some(at);
        }
        escaped = character == '\\' && !escaped;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(text: &str) -> (String, String) {
        let mut entries = parse(text).unwrap();
        assert_eq!(entries.len(), 1, "{entries:?}");
        entries.remove(0)
    }

    #[test]
    fn reads_what_the_original_reads() {
        for (text, name, value) in [
            ("A=1", "A", "1"),
            ("A=", "A", ""),
            ("A=''", "A", ""),
            ("  export A = 1  ", "A", "1"),
            ("A: 1", "A", "1"),
            ("CLIENT=Evolution API", "CLIENT", "Evolution API"),
            ("COLOR='#175197'", "COLOR", "#175197"),
            ("A=1 # comment", "A", "1"),
            ("A=1#comment", "A", "1"),
            ("A=\"1 # no comment\" # comment", "A", "1 # no comment"),
            ("PASSWORD=a$b${c}", "PASSWORD", "a$b${c}"),
            (
                "URI='postgresql://u:p@h:5432/d?schema=s'",
                "URI",
                "postgresql://u:p@h:5432/d?schema=s",
            ),
            (
                "PEM=\"-----BEGIN-----\nabc\n-----END-----\"",
                "PEM",
                "-----BEGIN-----\nabc\n-----END-----",
            ),
            ("PEM=\"a\\nb\"", "PEM", "a\nb"),
            ("PEM='a\\nb'", "PEM", "a\\nb"),
            ("A='it\\'s'", "A", "it\\'s"),
            ("A='unclosed", "A", "'unclosed"),
            ("\u{feff}A=1\r\n", "A", "1"),
        ] {
            assert_eq!(one(text), (name.to_owned(), value.to_owned()), "{text:?}");
        }
    }

    #[test]
    fn skips_comments_and_empty_lines_and_keeps_order() {
        let entries = parse("# A=0\n\nA=1\n\n  # x\nB='2\n3'\nA=4").unwrap();
        let names: Vec<_> = entries
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(names, [("A", "1"), ("B", "2\n3"), ("A", "4")]);
    }

    #[test]
    fn a_line_without_a_name_is_reported_with_its_number() {
        let bad = parse("A=1\nB='\n'\nnothing here\n").unwrap_err();
        assert_eq!(
            bad,
            BadLine {
                line: 4,
                text: "nothing here".to_owned()
            }
        );
        assert_eq!(parse("two words=secret").unwrap_err().text, "two words");
    }

    proptest! {
        #[test]
        fn never_panics(text in "(?s).{0,200}") {
            drop(parse(&text));
        }

        #[test]
        fn never_panics_on_what_looks_like_a_file(text in "([A-Z]{0,3}|[ =:#'\"`\\\\\n\r\t$é])*") {
            drop(parse(&text));
        }

        #[test]
        fn a_plain_value_comes_back(value in "[A-Za-z0-9_./:@?&$=-]{1,40}") {
            prop_assert_eq!(one(&format!("NAME={value}")).1, value);
        }
    }
}

//! The few regular expressions of the contract, each with its source text for the failure's wording.

/// A regular expression that a text must match somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// `\d+`
    Digits,
    /// `^\d+`
    LeadingDigits,
    /// `^\d+[\.@\w-]+`
    NumberOrJid,
    /// `\d|^status@broadcast$`; ours, the original takes any text.
    NumberOrStatus,
    /// `^[a-zA-Z0-9]{22}$`
    InviteCode,
    /// `^[\d-]+@g.us$`
    GroupJid,
    /// `^\d+@newsletter$`; ours, the original knows no newsletters.
    NewsletterJid,
}

impl Pattern {
    /// The expression as the original wrote it.
    pub(crate) const fn source(self) -> &'static str {
        match self {
            Self::Digits => r"\d+",
            Self::LeadingDigits => r"^\d+",
            Self::NumberOrJid => r"^\d+[\.@\w-]+",
            Self::NumberOrStatus => r"\d|^status@broadcast$",
            Self::InviteCode => r"^[a-zA-Z0-9]{22}$",
            Self::GroupJid => r"^[\d-]+@g.us$",
            Self::NewsletterJid => r"^\d+@newsletter$",
        }
    }

    pub(crate) fn matches(self, text: &str) -> bool {
        let bytes = text.as_bytes();
        match self {
            Self::Digits => bytes.iter().any(u8::is_ascii_digit),
            Self::LeadingDigits => bytes.first().is_some_and(u8::is_ascii_digit),
            // One digit, and a second character of the class (which digits belong to).
            Self::NumberOrJid => match bytes {
                [first, second, ..] => {
                    first.is_ascii_digit()
                        && (second.is_ascii_alphanumeric()
                            || matches!(second, b'.' | b'@' | b'_' | b'-'))
                }
                _ => false,
            },
            Self::NumberOrStatus => {
                bytes.iter().any(u8::is_ascii_digit) || text == "status@broadcast"
            }
            Self::InviteCode => bytes.len() == 22 && bytes.iter().all(u8::is_ascii_alphanumeric),
            Self::NewsletterJid => text
                .strip_suffix("@newsletter")
                .is_some_and(|id| !id.is_empty() && id.bytes().all(|digit| digit.is_ascii_digit())),
            Self::GroupJid => {
                let Some((head, tail)) = text.split_once('@') else {
                    return false;
                };
                let mut tail = tail.chars();
                let suffix = (
                    tail.next(),
                    tail.next(),
                    tail.next(),
                    tail.next(),
                    tail.next(),
                );
                !head.is_empty()
                    && head
                        .bytes()
                        .all(|byte| byte.is_ascii_digit() || byte == b'-')
                    && matches!(suffix, (Some('g'), Some(any), Some('u'), Some('s'), None) if any != '\n')
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_what_their_source_says() {
        let cases: [(Pattern, &[&str], &[&str]); 7] = [
            (Pattern::Digits, &["a1", "1"], &["", "abc"]),
            (Pattern::LeadingDigits, &["1", "55x"], &["", "a1", " 1"]),
            (
                Pattern::NumberOrStatus,
                &["1", "1-2@g.us", "+55 11 9", "status@broadcast"],
                &["", "a", "status@broadcasts", "other@broadcast"],
            ),
            (
                Pattern::NumberOrJid,
                &["55", "5511@s.whatsapp.net", "1-2"],
                &["5", "", "a1", "5 ", "5é"],
            ),
            (
                Pattern::InviteCode,
                &["F1EX5QZxO181L3TMVP31gY"],
                &["abc", "F1EX5QZxO181L3TMVP31g-"],
            ),
            (
                Pattern::NewsletterJid,
                &["120363@newsletter"],
                &["@newsletter", "a@newsletter", "1@newsletters", "1@g.us"],
            ),
            (
                Pattern::GroupJid,
                &["120363@g.us", "1-2@gxus"],
                &["@g.us", "a@g.us", "12@g.us ", "12@g", "12@g.usx"],
            ),
        ];
        for (pattern, good, bad) in cases {
            for text in good {
                assert!(pattern.matches(text), "{pattern:?} {text}");
            }
            for text in bad {
                assert!(!pattern.matches(text), "{pattern:?} {text}");
            }
        }
    }
}

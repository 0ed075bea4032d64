//! Names in foreign systems, made of names that they may not allow.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// `name` with `_` for every character that is not allowed. One that is longer than `longest` keeps its start and ends in
/// a hash of the whole, so that two long names stay apart. Only ASCII may be allowed.
pub(crate) fn fitting(name: &str, longest: usize, allowed: impl Fn(char) -> bool) -> String {
    let kept: String = name
        .chars()
        .map(|one| {
            if one.is_ascii() && allowed(one) {
                one
            } else {
                '_'
            }
        })
        .collect();
    if kept.len() <= longest {
        return kept;
    }
    let hash = hex(&Sha256::digest(name)[..8]);
    let room = longest.saturating_sub(hash.len() + 1);
    format!("{}-{hash}", &kept[..room])
}

/// The bytes in hexadecimal, lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a text cannot fail");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_allowed_is_replaced() {
        let letters = |one: char| one.is_alphabetic();
        assert_eq!(fitting("a b/é", 10, letters), "a_b__");
    }

    #[test]
    fn long_names_stay_apart() {
        let of = |name: &str| fitting(name, 20, |_| true);
        let (one, other) = (of(&"a".repeat(30)), of(&"a".repeat(31)));
        assert_eq!((one.len(), other.len()), (20, 20));
        assert_ne!(one, other);
    }
}

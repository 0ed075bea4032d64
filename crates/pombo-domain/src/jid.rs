//! Addresses on WhatsApp, and how a number that a person typed becomes one.

/// The chat of everybody's status posts.
pub const STATUS: &str = "status@broadcast";

/// Brings a number or JID into the form WhatsApp uses.
///
/// Source: `rest-message.md` section 1 (observed on the original, v2.3.6), steps 1 to 8.
#[must_use]
pub fn normalise(number: &str) -> String {
    let number = strip_device(number);
    if [
        "@g.us",
        "@s.whatsapp.net",
        "@lid",
        "@broadcast",
        "@newsletter",
    ]
    .iter()
    .any(|suffix| number.contains(suffix))
    {
        return number;
    }
    let bare: String = number
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '+' | '(' | ')'))
        .collect();
    let bare = bare.split([':', '@']).next().unwrap_or_default();
    if bare.contains('-') && bare.len() >= 24 {
        let group: String = bare
            .chars()
            .filter(|c| c.is_ascii_digit() || *c == '-')
            .collect();
        return format!("{group}@g.us");
    }
    let digits: String = bare.chars().filter(char::is_ascii_digit).collect();
    if digits.len() >= 18 {
        return format!("{digits}@g.us");
    }
    let digits = brazil(mexico_and_argentina(digits));
    format!("{digits}@s.whatsapp.net")
}

/// The phone-number JIDs that a number may have on WhatsApp, the most likely first: as it was written, then the forms that
/// Brazilian (with and without the ninth digit), Mexican (`521`) and Argentine (`549`) numbers are known under.
#[must_use]
pub fn variants(number: &str) -> Vec<String> {
    let bare = strip_device(number);
    let bare = bare.split('@').next().unwrap_or_default();
    let digits: String = bare.chars().filter(char::is_ascii_digit).collect();
    let mut all = vec![digits.clone()];
    let usual = normalise(number);
    all.extend(usual.strip_suffix("@s.whatsapp.net").map(str::to_owned));
    let (country, rest) = digits.split_at(digits.len().min(2));
    match (country, rest.len()) {
        // Area and number: eight digits, or nine of which the first is a 9.
        ("55", 11) if rest.as_bytes()[2] == b'9' => {
            all.push(format!("55{}{}", &rest[..2], &rest[3..]));
        }
        ("55", 10) => all.push(format!("55{}9{}", &rest[..2], &rest[2..])),
        ("52", 11) if rest.starts_with('1') => all.push(format!("52{}", &rest[1..])),
        ("52", 10) => all.push(format!("521{rest}")),
        ("54", 11) if rest.starts_with('9') => all.push(format!("54{}", &rest[1..])),
        ("54", 10) => all.push(format!("549{rest}")),
        _ => {}
    }
    let mut jids: Vec<String> = Vec::new();
    for digits in all {
        let jid = format!("{digits}@s.whatsapp.net");
        if !digits.is_empty() && !jids.contains(&jid) {
            jids.push(jid);
        }
    }
    jids
}

/// Removes the first `:<digits>`, the device suffix.
fn strip_device(number: &str) -> String {
    let Some(colon) = number.find(':') else {
        return number.to_owned();
    };
    let rest = &number[colon + 1..];
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    if digits == 0 {
        return number.to_owned();
    }
    format!("{}{}", &number[..colon], &rest[digits..])
}

/// `521…` and `549…` with 13 digits lose their third digit.
fn mexico_and_argentina(mut digits: String) -> String {
    if digits.len() == 13 && (digits.starts_with("52") || digits.starts_with("54")) {
        digits.remove(2);
    }
    digits
}

/// Brazilian mobile numbers outside the area codes below 31 lose the ninth digit.
fn brazil(mut digits: String) -> String {
    if digits.len() != 13 || !digits.starts_with("55") {
        return digits;
    }
    let area: u32 = digits[2..4].parse().unwrap_or(0);
    let first = digits.as_bytes()[5];
    if first >= b'7' && area >= 31 {
        digits.remove(4);
    }
    digits
}

/// Whether the address is a group.
#[must_use]
pub fn is_group(jid: &str) -> bool {
    jid.ends_with("@g.us")
}

#[cfg(test)]
mod tests {
    use super::{normalise, variants};

    #[test]
    fn numbers_become_jids() {
        for (number, jid) in [
            ("5511988887777", "5511988887777@s.whatsapp.net"),
            ("+55 (11) 98888-7777", "5511988887777@s.whatsapp.net"),
            ("5531988887777", "553188887777@s.whatsapp.net"),
            ("5531968887777", "5531968887777@s.whatsapp.net"),
            ("5215512345678", "525512345678@s.whatsapp.net"),
            ("5491112345678", "541112345678@s.whatsapp.net"),
            (
                "5511988887777:12@s.whatsapp.net",
                "5511988887777@s.whatsapp.net",
            ),
            ("5511988887777@c.us", "5511988887777@s.whatsapp.net"),
            ("120363000000000000", "120363000000000000@g.us"),
            ("5511999999999-1234567890", "5511999999999-1234567890@g.us"),
            ("123@lid", "123@lid"),
            ("status@broadcast", "status@broadcast"),
        ] {
            assert_eq!(normalise(number), jid, "{number}");
        }
    }

    #[test]
    fn the_written_number_is_tried_first() {
        for (number, expected) in [
            ("+55 (31) 98888-7777", vec!["5531988887777", "553188887777"]),
            ("553188887777", vec!["553188887777", "5531988887777"]),
            ("5511988887777", vec!["5511988887777", "551188887777"]),
            ("5215512345678", vec!["5215512345678", "525512345678"]),
            ("525512345678", vec!["525512345678", "5215512345678"]),
            ("541112345678", vec!["541112345678", "5491112345678"]),
            ("4915112345678:3@s.whatsapp.net", vec!["4915112345678"]),
            ("", vec![]),
        ] {
            let expected: Vec<String> = expected
                .iter()
                .map(|digits| format!("{digits}@s.whatsapp.net"))
                .collect();
            assert_eq!(variants(number), expected, "{number}");
        }
    }

    #[test]
    fn nothing_is_too_odd() {
        for odd in ["", ":", "@", "é:1", "🦜", "55", "-"] {
            assert!(normalise(odd).ends_with("@s.whatsapp.net"), "{odd}");
        }
    }
}

//! From text to value: pure functions, `None` for what cannot be read. None of them panics on any text.

use std::time::Duration;

use url::Url;

/// `true`, `1`, `yes`, `on` and their opposites, in any case. The original takes everything but `true` for false.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// A whole number within bounds; nothing may follow it.
pub(super) fn integer(text: &str, min: u64, max: u64) -> Option<u64> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse()
        .ok()
        .filter(|number| (min..=max).contains(number))
}

/// A decimal number from 0 to 1.
pub(super) fn fraction(text: &str) -> Option<f64> {
    if !text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        return None;
    }
    text.parse()
        .ok()
        .filter(|number| (0.0..=1.0).contains(number))
}

/// `90`, `90s`, `500ms`, `5m`, `72h` or `3d`; a bare number is seconds.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = number_and_unit(text)?;
    let milliseconds = match unit.as_str() {
        "ms" => 1,
        "" | "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(milliseconds).map(Duration::from_millis)
}

/// `1048576`, `64MiB`, `64MB`, ...; a bare number is bytes.
pub(super) fn size(text: &str) -> Option<u64> {
    let (number, unit) = number_and_unit(text)?;
    let bytes = match unit.as_str() {
        "" | "b" => 1,
        "kb" => 1_000,
        "kib" => 1 << 10,
        "mb" => 1_000_000,
        "mib" => 1 << 20,
        "gb" => 1_000_000_000,
        "gib" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(bytes)
}

fn number_and_unit(text: &str) -> Option<(u64, String)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number = text[..digits].parse().ok()?;
    Some((number, text[digits..].trim_start().to_ascii_lowercase()))
}

/// Where a simulator listens: plain `ws`, at a loopback address that no name server has a say in.
pub(super) fn simulator_url(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| {
        let here = match url.host() {
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            Some(url::Host::Domain(_)) | None => false,
        };
        url.scheme() == "ws" && here && url.username().is_empty() && url.password().is_none()
    })
}

/// The items between commas, trimmed, without the empty ones.
pub(super) fn list(text: &str) -> Vec<&str> {
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .collect()
}

/// An `http` or `https` address with a host.
pub(super) fn http_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

/// `#rgb` or `#rrggbb`, with or without transparency.
pub(super) fn colour(text: &str) -> Option<&str> {
    let digits = text.strip_prefix('#')?;
    (matches!(digits.len(), 3 | 4 | 6 | 8) && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .then_some(text)
}

/// `DEL_INSTANCE`: a boolean word changes nothing, a number from 2 is minutes.
///
/// Compatible: `1` and `true` count as booleans in the original, which then does nothing.
pub(super) fn deletion(text: &str) -> Option<Option<Duration>> {
    if boolean(text).is_some() {
        return Some(None);
    }
    integer(text, 2, 60 * 24 * 366).map(|minutes| Some(Duration::from_secs(minutes * 60)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn booleans_come_in_many_words_and_nothing_else_is_guessed() {
        for text in ["true", "TRUE", "True", "1", "yes", "on", "ON"] {
            assert_eq!(boolean(text), Some(true), "{text}");
        }
        for text in ["false", "FALSE", "0", "no", "Off"] {
            assert_eq!(boolean(text), Some(false), "{text}");
        }
        for text in ["", "2", "truee", "y", "ja", " true"] {
            assert_eq!(boolean(text), None, "{text}");
        }
    }

    #[test]
    fn whole_numbers_are_whole() {
        assert_eq!(integer("8080", 0, 65535), Some(8080));
        assert_eq!(integer("007", 0, 10), Some(7));
        for text in [
            "8080abc",
            "",
            "-1",
            "+1",
            "1.0",
            "65536",
            "99999999999999999999999",
            "1 000",
            "٣",
        ] {
            assert_eq!(integer(text, 0, 65535), None, "{text}");
        }
    }

    #[test]
    fn fractions_are_between_zero_and_one() {
        assert_eq!(fraction("0.2"), Some(0.2));
        assert_eq!(fraction("0"), Some(0.0));
        assert_eq!(fraction("1"), Some(1.0));
        for text in ["1.1", "-0.1", "NaN", "inf", "0,2", "1e-1", "", "."] {
            assert_eq!(fraction(text), None, "{text}");
        }
    }

    #[test]
    fn durations_and_sizes_have_units() {
        let seconds = Duration::from_secs;
        for (text, expected) in [
            ("90", seconds(90)),
            ("90s", seconds(90)),
            ("90 S", seconds(90)),
            ("500ms", Duration::from_millis(500)),
            ("5m", seconds(300)),
            ("72h", seconds(259_200)),
            ("3d", seconds(259_200)),
            ("0", seconds(0)),
        ] {
            assert_eq!(duration(text), Some(expected), "{text}");
        }
        for text in [
            "",
            "s",
            "1.5h",
            "5x",
            "-5s",
            "1h30m",
            "18446744073709551615h",
        ] {
            assert_eq!(duration(text), None, "{text}");
        }
        for (text, expected) in [
            ("10", 10),
            ("64MiB", 64 << 20),
            ("64 mib", 64 << 20),
            ("1GB", 1_000_000_000),
            ("3KiB", 3072),
        ] {
            assert_eq!(size(text), Some(expected), "{text}");
        }
        for text in ["", "MiB", "64M", "1.5MiB", "99999999999GiB", "-1"] {
            assert_eq!(size(text), None, "{text}");
        }
    }

    #[test]
    fn lists_are_trimmed_and_lose_their_empty_items() {
        assert_eq!(list(" a, b ,,c,"), ["a", "b", "c"]);
        assert!(list(" , ").is_empty());
    }

    #[test]
    fn addresses_need_scheme_and_host() {
        assert!(http_url("http://minio:9000/x").is_some());
        for text in [
            "",
            "localhost:8080",
            "ftp://a",
            "http://",
            "example.com",
            "//a",
        ] {
            assert!(http_url(text).is_none(), "{text}");
        }
    }

    #[test]
    fn an_instance_is_deleted_after_minutes_only_when_a_number_says_so() {
        assert_eq!(deletion("5"), Some(Some(Duration::from_secs(300))));
        for text in ["false", "true", "0", "1"] {
            assert_eq!(deletion(text), Some(None), "{text}");
        }
        assert_eq!(deletion("five"), None);
        assert_eq!(deletion("-5"), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_them_panic(text in any::<String>()) {
            let _ = (boolean(&text), integer(&text, 0, u64::MAX), fraction(&text), duration(&text), size(&text));
            drop((http_url(&text), colour(&text), deletion(&text), list(&text)));
        }

        #[test]
        fn no_number_with_a_unit_makes_them_panic(text in "[0-9]{0,25} ?[a-zA-Z]{0,3}") {
            let _ = (integer(&text, 0, u64::MAX), fraction(&text), duration(&text), size(&text), deletion(&text));
        }

        #[test]
        fn every_number_comes_back(number in any::<u64>()) {
            prop_assert_eq!(integer(&number.to_string(), 0, u64::MAX), Some(number));
            prop_assert_eq!(size(&number.to_string()), Some(number));
        }
    }
}

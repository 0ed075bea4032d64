use std::time::{Duration, SystemTime};

/// Reads a `Retry-After` header: a number of seconds, or a date in one of the three forms of HTTP.
///
/// A date that has passed means "now"; what cannot be read is `None`. Source: RFC 9110, 10.2.3 and 5.6.7.
pub fn parse_retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // Only a number too large to be written down fails here.
        let seconds = value.parse().unwrap_or(u64::MAX);
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1994-11-06 08:49:37 UTC, the example of RFC 9110.
    const DATE: Duration = Duration::from_secs(784_111_777);

    fn ten_seconds_before(value: &str) -> Option<Duration> {
        parse_retry_after(
            value,
            SystemTime::UNIX_EPOCH + DATE - Duration::from_secs(10),
        )
    }

    #[test]
    fn seconds_are_read() {
        assert_eq!(ten_seconds_before("0"), Some(Duration::ZERO));
        assert_eq!(ten_seconds_before(" 120 "), Some(Duration::from_secs(120)));
        assert_eq!(
            ten_seconds_before("99999999999999999999999"),
            Some(Duration::from_secs(u64::MAX))
        );
    }

    #[test]
    fn the_three_forms_of_a_date_are_read() {
        for date in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(
                ten_seconds_before(date),
                Some(Duration::from_secs(10)),
                "{date}"
            );
        }
    }

    #[test]
    fn a_date_in_the_past_means_now() {
        let past = "Sun, 06 Nov 1994 08:49:00 GMT";
        assert_eq!(ten_seconds_before(past), Some(Duration::ZERO));
    }

    #[test]
    fn nonsense_is_nothing() {
        for value in [
            "",
            "soon",
            "-1",
            "1.5",
            "+5",
            "10 s",
            "Sun, 99 Nov 1994 08:49:37 GMT",
            "١٢",
        ] {
            assert_eq!(ten_seconds_before(value), None, "{value}");
        }
    }
}
